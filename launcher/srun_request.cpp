#include "srun_request.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "hostlist.h"
#include "hpcx.h"
#include "mpi.h"
#include "multi_prog.h"
#include "step_variables.h"

namespace launcher {
namespace {

void Warn(const std::string& line) { std::fprintf(stderr, "srun: Warning: %s\n", line.c_str()); }

std::string CurrentDirectory() {
  char path[4096];
  return getcwd(path, sizeof path) ? path : "/";
}

mode_t CurrentUmask() {
  const mode_t mask = umask(0);
  umask(mask);
  return mask;
}

/// Where tasks go, after srun's own checks.
PlacementRequest PlacementOf(const SrunOptions& options) {
  PlacementRequest request = options.placement;
  if (request.nodes > request.tasks && request.tasks > 0) {
    if (!options.quiet) {
      Warn("can't run " + std::to_string(request.tasks) + " processes on " + std::to_string(request.nodes) +
          " nodes, setting nnodes to " + std::to_string(request.tasks));
    }
    request.nodes = request.tasks;
    request.least_nodes = std::min(request.least_nodes, request.nodes);
  }
  const int per_node = request.tasks_per_node;
  if (per_node > 0 && request.tasks > per_node && request.tasks != per_node * request.nodes && request.nodes > 0) {
    if (!options.quiet) {
      Warn("can't honor --ntasks-per-node set to " + std::to_string(per_node) +
          " which doesn't match the requested tasks " + std::to_string(request.tasks) +
          " with the number of requested nodes " + std::to_string(request.nodes) + ". Ignoring --ntasks-per-node.");
    }
    request.tasks_per_node = 0;
  }
  request.with = ExpandHosts(options.nodelist);
  request.without = ExpandHosts(options.exclude);
  return request;
}

/// The tasks' world: srun's own, but for what its options change.
TaskWorld WorldOf(const SrunOptions& options, const Environment& own) {
  TaskWorld world = options.world;
  Environment variables = StepVariables(options, own);
  if (!options.hpcx.empty()) {
    for (const std::string& line : PrepareHpcx(options.hpcx, DiskProbe(), &variables)) {
      if (!options.quiet) Warn(line);
    }
  }
  world.environment = variables.Words();
  const std::string here = CurrentDirectory();
  const std::string& wanted = options.world.work_dir;
  world.work_dir = wanted.empty() ? here : (wanted[0] == '/' ? wanted : here + "/" + wanted);
  world.umask = static_cast<int>(CurrentUmask());
  world.rlimits = PropagatedRlimits(options.propagate);
  std::string& program = world.command[0];
  if (program.find('/') != program.npos && program[0] != '/') program = world.work_dir + "/" + program;
  world.binding = RequestBinding(options.binding, options.resources.cpus_per_task, options.placement.distribution);
  return world;
}

/// How many tasks there will be: what --multi-prog's file has to be for.
int TasksOf(const PlacementRequest& placement, const Environment& own) {
  if (placement.tasks > 0) return placement.tasks;
  const int nodes = placement.nodes > 0 ? placement.nodes : std::atoi(own.Get("SLURM_JOB_NUM_NODES", "1").c_str());
  return std::max(1, nodes) * std::max(1, placement.tasks_per_node);
}

}  // namespace

StepRequest RequestOf(const SrunOptions& options, const Environment& own) {
  StepRequest request;
  const std::string& first = options.world.command[0];
  request.name = options.job_name.empty() ? first.substr(first.rfind('/') + 1) : options.job_name;
  request.placement = PlacementOf(options);
  request.resources = options.resources;
  request.streams = options.streams;
  request.world = WorldOf(options, own);
  request.limits = options.limits;
  if (options.is_multi_prog) {
    const int tasks = request.placement.tasks = TasksOf(request.placement, own);
    const std::vector<std::string>& words = options.world.command;
    request.world.programs = ReadMultiProg(words[0], tasks, {words.begin() + 1, words.end()});
  }
  if (const std::string* nodes = own.Find(kMpiDaemonsName)) {
    request.is_daemons = true;
    if (request.placement.with.empty()) request.placement.with = ExpandHosts(*nodes);
  }
  return request;
}

}  // namespace launcher
