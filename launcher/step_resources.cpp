#include "step_resources.h"

#include <numeric>

namespace launcher {

void NodeHolding::Pack(Packer* packer) const { packer->Numbers(cpus).Numbers(gpus).Number(memory_mib); }

NodeHolding NodeHolding::Unpack(Unpacker* fields) {
  NodeHolding holding;
  holding.cpus = fields->Numbers();
  holding.gpus = fields->Numbers();
  holding.memory_mib = fields->Number();
  return holding;
}

NodeHolding WholeNode(int cpus, int gpus) {
  NodeHolding holding;
  holding.cpus.resize(static_cast<size_t>(cpus));
  holding.gpus.resize(static_cast<size_t>(gpus));
  std::iota(holding.cpus.begin(), holding.cpus.end(), 0);
  std::iota(holding.gpus.begin(), holding.gpus.end(), 0);
  return holding;
}

}  // namespace launcher
