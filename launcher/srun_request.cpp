#include "srun_request.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "hostlist.h"
#include "runtime_dir.h"

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

/// What --export lets through of our environment.
Environment Exported(const std::string& list, const Environment& own) {
  if (list.empty() || list == "ALL" || list == "all") return own;
  Environment exported;
  for (const auto& [name, value] : own.variables()) {
    const bool is_slurm = name.compare(0, 5, "SLURM") == 0;
    if (is_slurm || name == kJobDirName) exported.Set(name, value);
  }
  if (list == "NONE" || list == "none") return exported;
  for (size_t at = 0; at <= list.size();) {
    const size_t comma = std::min(list.find(',', at), list.size());
    const std::string item = list.substr(at, comma - at);
    const size_t equals = item.find('=');
    at = comma + 1;
    if (item == "ALL") {
      exported.Merge(own);
    } else if (equals != std::string::npos) {
      exported.Set(item.substr(0, equals), item.substr(equals + 1));
    } else if (const std::string* value = own.Find(item)) {
      exported.Set(item, *value);
    }
  }
  return exported;
}

/// The tasks' variables before the node adds its own: what --export lets through, and the options as srun tells them on.
Environment StepVariables(const SrunOptions& options, const Environment& own) {
  Environment variables = Exported(options.export_list, own);
  if (!options.job_name.empty()) variables.Set("SLURM_JOB_NAME", options.job_name);
  if (options.tasks_per_node > 0) variables.SetNumber("SLURM_NTASKS_PER_NODE", options.tasks_per_node);
  if (options.cpus_per_task > 0) variables.SetNumber("SLURM_CPUS_PER_TASK", options.cpus_per_task);
  return variables;
}

}  // namespace

StepRequest RequestOf(const SrunOptions& options, const Environment& own) {
  StepRequest request;
  request.tasks = options.tasks;
  request.nodes = options.max_nodes;
  request.least_nodes = options.min_nodes;
  request.tasks_per_node = options.tasks_per_node;
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
  request.cpus_per_task = options.cpus_per_task;
  request.relative = options.relative;
  request.distribution = options.distribution;
  request.with = ExpandHosts(options.nodelist);
  request.without = ExpandHosts(options.exclude);
  request.command = options.command;
  request.environment = StepVariables(options, own).Words();
  const std::string here = CurrentDirectory();
  const std::string& wanted = options.work_dir;
  request.work_dir = wanted.empty() ? here : (wanted[0] == '/' ? wanted : here + "/" + wanted);
  const std::string program = options.command[0].substr(options.command[0].rfind('/') + 1);
  request.name = options.job_name.empty() ? program : options.job_name;
  request.umask = static_cast<int>(CurrentUmask());
  request.label = options.label;
  request.overcommit = options.overcommit;
  return request;
}

}  // namespace launcher
