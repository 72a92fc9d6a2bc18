#include "step/step_share.h"

#include "mpi/mpi.h"
#include "node/runtime_dir.h"

namespace launcher {

NodeWorld WorldOf(const LaunchSpec& spec, const Place& place, const Environment& own, const std::string& job_dir) {
  return {job_dir, GroundOf(spec, place, own), OneMachineSettings(place, ReadHostView(), HasNetwork())};
}

Environment EnvironmentOf(const StepShare& share, int local, const ShareBinding& binding, const NodeWorld& world) {
  const auto index = static_cast<size_t>(share.node);
  StepFacts facts;
  facts.id = share.step;
  facts.nodes.resize(index + 1);
  facts.nodes[index] = share.node_name;
  facts.tasks.resize(index + 1);
  facts.tasks[index] = share.tasks;
  Environment base = Environment::FromWords(share.world.environment);
  base.Set(kJobDirName, world.job_dir);
  SetDefaults(world.mpi, &base);
  if (base.Has("PATH")) base.PrependPath("PATH", world.job_dir + "/bin");  // without one, as by --export=NONE, nothing is found
  binding.SetVariables(&base);
  const StepNode node = {share.node, static_cast<int>(share.held.cpus.size()), binding.held_gpus(), binding.seen_gpus(local)};
  return TaskEnvironment(base, facts, node, local);
}

std::string StepShare::Pack() const {
  Packer packer;
  packer.Number(step).Number(node).Text(node_name).Numbers(tasks);
  held.Pack(&packer);
  world.Pack(&packer);
  streams.Pack(&packer);
  packer.Number(static_cast<int64_t>(grace));
  return packer.payload();
}

StepShare StepShare::Unpack(std::string_view payload) {
  Unpacker fields(payload);
  StepShare share;
  share.step = static_cast<int>(fields.Number());
  share.node = static_cast<int>(fields.Number());
  share.node_name = fields.Text();
  share.tasks = fields.Numbers();
  share.held = NodeHolding::Unpack(&fields);
  share.world = TaskWorld::Unpack(&fields);
  share.streams = StreamRequest::Unpack(&fields);
  share.grace = static_cast<double>(fields.Number());
  return share;
}

}  // namespace launcher
