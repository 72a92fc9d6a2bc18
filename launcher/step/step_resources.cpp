#include "step/step_resources.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace launcher {
namespace {

std::vector<int> Numbers(int count) {
  std::vector<int> numbers(static_cast<size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

std::vector<int> Without(const std::vector<int>& all, const std::vector<int>& some) {
  std::vector<int> rest;
  std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::back_inserter(rest));
  return rest;
}

std::vector<int> With(const std::vector<int>& some, const std::vector<int>& others) {
  std::vector<int> both;
  std::set_union(some.begin(), some.end(), others.begin(), others.end(), std::back_inserter(both));
  return both;
}

}  // namespace

void NodeHolding::Pack(Packer* packer) const { packer->Numbers(cpus).Numbers(gpus).Number(memory_mib); }

NodeHolding NodeHolding::Unpack(Unpacker* fields) {
  NodeHolding holding;
  holding.cpus = fields->Numbers();
  holding.gpus = fields->Numbers();
  holding.memory_mib = fields->Number();
  return holding;
}

StepLedger::StepLedger(const JobFacts& job) {
  for (size_t node = 0; node < job.cpus_per_node.size(); ++node) {
    NodeHolding all;
    all.cpus = Numbers(job.cpus_per_node[node]);
    all.gpus = Numbers(job.gpus_per_node);
    all.memory_mib = job.memory_per_node.empty() ? kUnknownMemory : job.memory_per_node[node];
    everything_.push_back(std::move(all));
  }
  free_ = everything_;
}

void StepLedger::Lose(int node) {
  const auto index = static_cast<size_t>(node);
  everything_.at(index) = free_.at(index) = NodeHolding{{}, {}, kUnknownMemory};
}

void StepLedger::Take(int node, const NodeHolding& holding) {
  NodeHolding& free = free_.at(static_cast<size_t>(node));
  free.cpus = Without(free.cpus, holding.cpus);
  free.gpus = Without(free.gpus, holding.gpus);
  if (free.memory_mib != kUnknownMemory) free.memory_mib -= holding.memory_mib;
}

void StepLedger::GiveBack(int node, const NodeHolding& holding) {
  if (everything_.at(static_cast<size_t>(node)).cpus.empty()) return;  // it is lost
  NodeHolding& free = free_.at(static_cast<size_t>(node));
  free.cpus = With(free.cpus, holding.cpus);
  free.gpus = With(free.gpus, holding.gpus);
  if (free.memory_mib != kUnknownMemory) free.memory_mib += holding.memory_mib;
}

}  // namespace launcher
