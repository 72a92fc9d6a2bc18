#include "step/step_request.h"

#include <algorithm>
#include <climits>

namespace launcher {
namespace {

int ToInt(int64_t number) {
  if (number < INT_MIN || number > INT_MAX) throw BadFrame("the step's request has a number that is out of range");
  return static_cast<int>(number);
}

constexpr int64_t kMostOfACount = 1'000'000;      ///< what srun's options take
constexpr int64_t kMostMemory = int64_t{1} << 40;  ///< MiB

/// Of a request that is none of srun's: a negative count would be a huge one further on, and the product of two that are
/// huge no number at all.
void RefuseImpossibleCounts(const PlacementRequest& placement, const ResourceRequest& resources) {
  for (const int count : {placement.tasks, placement.nodes, placement.least_nodes, placement.tasks_per_node,
                          placement.relative, resources.cpus_per_task, resources.gpus, resources.gpus_per_node,
                          resources.gpus_per_task, resources.immediate_seconds}) {
    if (count < 0 || count > kMostOfACount) throw BadFrame("the step's request has a count that cannot be");
  }
  for (const int64_t memory : {resources.memory_per_node_mib, resources.memory_per_cpu_mib, resources.memory_per_gpu_mib}) {
    if (memory < 0 || memory > kMostMemory) throw BadFrame("the step's request has a memory that cannot be");
  }
}

}  // namespace

void PlacementRequest::Pack(Packer* packer) const {
  packer->Number(tasks).Number(nodes).Number(least_nodes).Number(tasks_per_node).Number(relative);
  packer->Number(nodes_are_the_jobs).Text(distribution).Texts(with).Texts(without);
}

PlacementRequest PlacementRequest::Unpack(Unpacker* fields) {
  PlacementRequest request;
  request.tasks = ToInt(fields->Number());
  request.nodes = ToInt(fields->Number());
  request.least_nodes = ToInt(fields->Number());
  request.tasks_per_node = ToInt(fields->Number());
  request.relative = ToInt(fields->Number());
  request.nodes_are_the_jobs = fields->Number() != 0;
  request.distribution = fields->Text();
  request.with = fields->Texts();
  request.without = fields->Texts();
  return request;
}

void ResourceRequest::Pack(Packer* packer) const {
  packer->Number(cpus_per_task).Number(gpus).Number(gpus_per_node).Number(gpus_per_task).Number(no_gpus);
  packer->Number(memory_per_node_mib).Number(memory_per_cpu_mib).Number(memory_per_gpu_mib);
  packer->Number(exact).Number(overlap).Number(overcommit).Number(immediate_seconds);
}

ResourceRequest ResourceRequest::Unpack(Unpacker* fields) {
  ResourceRequest request;
  request.cpus_per_task = ToInt(fields->Number());
  request.gpus = ToInt(fields->Number());
  request.gpus_per_node = ToInt(fields->Number());
  request.gpus_per_task = ToInt(fields->Number());
  request.no_gpus = fields->Number() != 0;
  request.memory_per_node_mib = fields->Number();
  request.memory_per_cpu_mib = fields->Number();
  request.memory_per_gpu_mib = fields->Number();
  request.exact = fields->Number() != 0;
  request.overlap = fields->Number() != 0;
  request.overcommit = fields->Number() != 0;
  request.immediate_seconds = ToInt(fields->Number());
  return request;
}

void StreamRequest::Pack(Packer* packer) const {
  packer->Number(input_task).Number(label).Number(terminal).Number(window.rows).Number(window.columns);
}

StreamRequest StreamRequest::Unpack(Unpacker* fields) {
  StreamRequest request;
  request.input_task = ToInt(fields->Number());
  request.label = fields->Number() != 0;
  request.terminal = fields->Number() != 0;
  request.window.rows = ToInt(fields->Number());
  request.window.columns = ToInt(fields->Number());
  return request;
}

void BindingRequest::Pack(Packer* packer) const {
  packer->Text(cpu).Number(cpu_is_implied).Number(cpus_per_task).Number(static_cast<int>(sockets)).Number(threads_per_core).Text(gpu);
}

BindingRequest BindingRequest::Unpack(Unpacker* fields) {
  BindingRequest request;
  request.cpu = fields->Text();
  request.cpu_is_implied = fields->Number() != 0;
  request.cpus_per_task = ToInt(fields->Number());
  request.sockets = static_cast<SocketOrder>(fields->Number());
  request.threads_per_core = ToInt(fields->Number());
  request.gpu = fields->Text();
  return request;
}

void TaskWorld::Pack(Packer* packer) const {
  packer->Texts(command).Number(static_cast<int64_t>(programs.size()));
  for (const auto& program : programs) packer->Texts(program);
  packer->Texts(environment).Text(work_dir).Number(umask).Number(keep_counts);
  packer->Number(static_cast<int64_t>(rlimits.size()));
  for (const auto& [name, value] : rlimits) packer->Text(name).Number(value);
  packer->Text(prolog).Text(epilog);
  binding.Pack(packer);
  packer->Number(by_mpirun);
}

TaskWorld TaskWorld::Unpack(Unpacker* fields) {
  TaskWorld world;
  world.command = fields->Texts();
  for (int64_t left = fields->Number(); left > 0; --left) world.programs.push_back(fields->Texts());
  world.environment = fields->Texts();
  world.work_dir = fields->Text();
  world.umask = ToInt(fields->Number());
  world.keep_counts = fields->Number() != 0;
  for (int64_t left = fields->Number(); left > 0; --left) {
    const std::string name = fields->Text();
    world.rlimits[name] = fields->Number();
  }
  world.prolog = fields->Text();
  world.epilog = fields->Text();
  world.binding = BindingRequest::Unpack(fields);
  world.by_mpirun = fields->Number() != 0;
  return world;
}

void StepLimits::Pack(Packer* packer) const { packer->Number(seconds).Number(no_kill); }

StepLimits StepLimits::Unpack(Unpacker* fields) {
  StepLimits limits;
  limits.seconds = fields->Number();
  limits.no_kill = fields->Number() != 0;
  return limits;
}

void WholeStep::Pack(Packer* packer) const {
  packer->Number(first_task).Number(first_node).Texts(nodes).Numbers(tasks_per_node);
}

WholeStep WholeStep::Unpack(Unpacker* fields) {
  WholeStep whole;
  whole.first_task = static_cast<int>(fields->Number());
  whole.first_node = static_cast<int>(fields->Number());
  whole.nodes = fields->Texts();
  whole.tasks_per_node = fields->Numbers();
  const bool is_bad = whole.first_task < 0 || whole.first_node < 0 || whole.tasks_per_node.size() != whole.nodes.size();
  const auto is_impossible = [](int count) { return count < 0 || count > kMostOfACount; };
  if (is_bad || std::any_of(whole.tasks_per_node.begin(), whole.tasks_per_node.end(), is_impossible)) {
    throw BadFrame("a step that cannot be");
  }
  return whole;
}

std::string StepRequest::Pack() const {
  Packer packer;
  packer.Text(name).Number(number).Number(is_held).Number(is_daemons);
  placement.Pack(&packer);
  resources.Pack(&packer);
  streams.Pack(&packer);
  world.Pack(&packer);
  limits.Pack(&packer);
  return packer.payload();
}

StepRequest StepRequest::Unpack(std::string_view payload) {
  Unpacker fields(payload);
  StepRequest request;
  request.name = fields.Text();
  request.number = static_cast<int>(fields.Number());
  request.is_held = fields.Number() != 0;
  request.is_daemons = fields.Number() != 0;
  request.placement = PlacementRequest::Unpack(&fields);
  request.resources = ResourceRequest::Unpack(&fields);
  request.streams = StreamRequest::Unpack(&fields);
  request.world = TaskWorld::Unpack(&fields);
  request.limits = StepLimits::Unpack(&fields);
  RefuseImpossibleCounts(request.placement, request.resources);
  return request;
}

}  // namespace launcher
