#include "srun_request.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "hostlist.h"
#include "multi_prog.h"
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

/// The words of --export, at commas outside of quotes; the quotes stay.
std::vector<std::string> ExportWords(const std::string& list) {
  std::vector<std::string> words(1);
  char quote = 0;
  for (const char c : list) {
    if (c == ',' && quote == 0) {
      words.emplace_back();
      continue;
    }
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    }
    words.back() += c;
  }
  return words;
}

/// What --export lets through of our environment; nothing where its first word is NONE. With ALL among its words a variable that is there keeps its value, whatever
/// another word gives it. Source: compat/captures/*/tasks/export_*.
Environment Exported(const std::string& list, const Environment& own) {
  if (list.empty() || list == "ALL" || list == "all") return own;
  const std::vector<std::string> words = ExportWords(list);
  const bool is_all = std::find(words.begin(), words.end(), "ALL") != words.end();
  Environment exported;
  for (const auto& [name, value] : own.variables()) {
    if (is_all || name.compare(0, 5, "SLURM") == 0 || name == kJobDirName) exported.Set(name, value);
  }
  if (words[0] == "NONE" || words[0] == "none") return exported;
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (equals != word.npos && !name.empty() && !(is_all && own.Has(name))) {
      exported.Set(name, word.substr(equals + 1));
    } else if (const std::string* value = own.Find(word)) {
      exported.Set(word, *value);
    }
  }
  return exported;
}

/// The tasks' variables before the node adds its own: what --export lets through, and the options as srun tells them on.
Environment StepVariables(const SrunOptions& options, const Environment& own) {
  Environment variables = Exported(options.export_list, own);
  if (!options.job_name.empty()) variables.Set("SLURM_JOB_NAME", options.job_name);
  if (options.placement.tasks_per_node > 0) variables.SetNumber("SLURM_NTASKS_PER_NODE", options.placement.tasks_per_node);
  if (options.resources.cpus_per_task > 0) variables.SetNumber("SLURM_CPUS_PER_TASK", options.resources.cpus_per_task);
  return variables;
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
  world.environment = StepVariables(options, own).Words();
  const std::string here = CurrentDirectory();
  const std::string& wanted = options.world.work_dir;
  world.work_dir = wanted.empty() ? here : (wanted[0] == '/' ? wanted : here + "/" + wanted);
  world.umask = static_cast<int>(CurrentUmask());
  world.rlimits = PropagatedRlimits(options.propagate);
  std::string& program = world.command[0];
  if (program.find('/') != program.npos && program[0] != '/') program = world.work_dir + "/" + program;
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
  return request;
}

}  // namespace launcher
