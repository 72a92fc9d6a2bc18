#include "step_layout.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "error.h"

namespace launcher {
namespace {

/// Numbers within the job of the nodes that the request may use, in the order in which it gets them.
std::vector<int> Candidates(const PlacementRequest& request, const Place& place) {
  const std::set<std::string> without(request.without.begin(), request.without.end());
  std::vector<int> nodes;
  const auto number = [&](const std::string& name) {
    const auto found = std::find(place.names.begin(), place.names.end(), name);
    if (found == place.names.end()) {
      throw LaunchError("Requested node configuration is not available: " + name + " is not one of the job's nodes", 1);
    }
    return static_cast<int>(found - place.names.begin());
  };
  for (const std::string& name : request.with) nodes.push_back(number(name));
  const int wanted = request.nodes > 0 ? request.nodes : (nodes.empty() ? static_cast<int>(place.names.size()) : 0);
  for (int i = std::max(0, request.relative); i < static_cast<int>(place.names.size()); ++i) {
    const bool is_there = std::find(nodes.begin(), nodes.end(), i) != nodes.end();
    if (is_there || static_cast<int>(nodes.size()) >= wanted) continue;
    if (without.count(place.names[static_cast<size_t>(i)]) == 0) nodes.push_back(i);
  }
  std::sort(nodes.begin(), nodes.end());
  return nodes;
}

}  // namespace

StepLayout LayOutStep(const StepRequest& request, const StepGround& ground) {
  const PlacementRequest& placement = request.placement;
  StepLayout layout;
  layout.nodes = Candidates(placement, *ground.place);
  if (request.world.command.empty()) throw LaunchError("the step has no command", 1);
  if (layout.nodes.empty() || static_cast<int>(layout.nodes.size()) < placement.least_nodes) {
    throw LaunchError("Requested node configuration is not available", 1);
  }
  int tasks = placement.tasks;
  if (tasks == 0) tasks = static_cast<int>(layout.nodes.size()) * std::max(1, placement.tasks_per_node);
  const size_t programs = request.world.programs.size();
  if (programs != 0 && programs != static_cast<size_t>(tasks)) throw LaunchError("the step has programs for other tasks", 1);
  if (tasks < static_cast<int>(layout.nodes.size())) layout.nodes.resize(static_cast<size_t>(tasks));
  LayoutRequest wanted;
  wanted.tasks = tasks;
  wanted.cpus_per_task = std::max(1, request.resources.cpus_per_task);
  wanted.overcommit = request.resources.overcommit;
  for (const int node : layout.nodes) {
    int cpus = ground.spec->job->cpus_per_node[static_cast<size_t>(node)];
    layout.holdings.push_back(WholeNode(cpus, static_cast<int>(ground.spec->job->gpus_per_node)));
    if (placement.tasks_per_node > 0) cpus = std::min(cpus, placement.tasks_per_node * wanted.cpus_per_task);
    wanted.cpus_per_node.push_back(cpus);
  }
  const std::optional<Distribution> distribution = ParseDistribution(placement.distribution);
  if (!placement.distribution.empty() && !distribution) {
    throw LaunchError("Invalid -m/--distribution specification: " + placement.distribution, 1);
  }
  layout.distribution = distribution.value_or(DefaultDistribution(tasks, static_cast<int>(layout.nodes.size())));
  wanted.distribution = layout.distribution;
  layout.tasks = LayOut(wanted);
  return layout;
}

}  // namespace launcher
