#include "srun/srun_request.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "mpi/hpcx.h"
#include "mpi/mpi.h"
#include "srun/srun_placement.h"
#include "srun/step_variables.h"
#include "step/multi_prog.h"
#include "text/hostlist.h"

namespace launcher {
namespace {

std::string CurrentDirectory() {
  char path[4096];
  return getcwd(path, sizeof path) ? path : "/";
}

mode_t CurrentUmask() {
  const mode_t mask = umask(0);
  umask(mask);
  return mask;
}

/// What tasks hold: where CPUs are counted by GPUs, the step has so many, and no more.
ResourceRequest ResourcesOf(const SrunOptions& options, int tasks) {
  ResourceRequest request = options.resources;
  if (options.tasks_per_gpu > 0 && request.gpus == 0) request.gpus = (tasks + options.tasks_per_gpu - 1) / options.tasks_per_gpu;
  if (options.cpus_per_gpu == 0 || request.cpus_per_task > 0) return request;
  const int gpus = std::max({request.gpus, request.gpus_per_node, request.gpus_per_task * tasks});
  if (gpus == 0) return request;
  request.cpus_per_task = std::max(1, (gpus * options.cpus_per_gpu + tasks - 1) / std::max(1, tasks));
  request.exact = true;
  return request;
}

/// The tasks' world: srun's own, but for what its options change.
TaskWorld WorldOf(const SrunOptions& options, const PlacementRequest& placement, const Environment& told) {
  TaskWorld world = options.world;
  Environment variables = StepVariables(options, placement, told);
  if (!options.hpcx.empty()) {
    for (const std::string& line : PrepareHpcx(options.hpcx, DiskProbe(), &variables)) {
      if (!options.quiet) std::fprintf(stderr, "srun: Warning: %s\n", line.c_str());
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

StepRequest RequestOf(const SrunOptions& options, const Environment& own, const Environment& told) {
  StepRequest request;
  const std::string& first = options.world.command[0];
  request.name = options.job_name.empty() ? first.substr(first.rfind('/') + 1) : options.job_name;
  request.placement = PlacementOf(options, own);
  request.resources = ResourcesOf(options, request.placement.tasks);
  request.streams = options.streams;
  request.world = WorldOf(options, request.placement, told);
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
