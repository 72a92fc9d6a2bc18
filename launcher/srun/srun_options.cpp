#include "srun/srun_options.h"

#include <cstdlib>

#include "spec/layout.h"
#include "srun/srun_conflicts.h"
#include "srun/srun_getopt.h"
#include "srun/srun_rows.h"

namespace launcher {
namespace {

constexpr int kUsageExit = 255;

[[noreturn]] void Wrong(const std::string& message) { throw LaunchError(message, 1); }

/// The value as -v lists it.
std::string Spelled(const SrunRow& row, const std::string& value, const SrunOptions& options) {
  const std::string name = row.name;
  if (name == "verbose") return std::to_string(options.verbosity + 1);
  if (name == "kill-on-bad-exit" && value.empty()) return "1";
  return row.argument == Argument::kNone || value.empty() ? "set" : value;
}

void Apply(const SrunRow& row, const std::string& value, SrunOptions* options) {
  // The login side has made the allocation by the same words, and has said what there is to say.
  if (options->is_owner && (row.refused || row.ignored)) return;
  options->given[row.name] = Spelled(row, value, *options);
  options->said.insert(row.name);
  if (row.refused) Wrong(std::string("--") + row.name + " is not supported: " + row.refused);
  if (row.ignored) options->warnings.push_back(std::string("warning: --") + row.name + " is ignored: " + row.ignored);
  if (row.set) row.set(options, value);
}

void ReadVariable(const SrunRow& row, const Environment& environment, SrunOptions* options) {
  const std::string* value = row.variable ? environment.Find(row.variable) : nullptr;
  if (!value) return;
  if (row.ignored) {  // silently: it stands in the environment of a batch script whose options have been answered already
    if (row.set) row.set(options, *value);
    return;
  }
  if (row.argument == Argument::kNone && !value->empty() && *value != "yes" && std::atoi(value->c_str()) == 0) return;
  Apply(row, *value, options);
}

void ReadEnvironment(const std::vector<SrunRow>& rows, const Environment& environment, SrunOptions* options) {
  for (const SrunRow& row : rows) ReadVariable(row, environment, options);
  if (environment.Has("SLURM_DIST_PLANESIZE") && options->placement.distribution == "plane") {
    options->placement.distribution += "=" + environment.Get("SLURM_DIST_PLANESIZE");
  }
}

/// A step's memory is said in one way: the command line's wins over the variables'.
void KeepOneMemory(SrunOptions* options) {
  const auto is_said = [&](const char* name) { return options->said.count(name) > 0; };
  const bool per_node = is_said("mem"), per_cpu = is_said("mem-per-cpu"), per_gpu = is_said("mem-per-gpu");
  if (per_node + per_cpu + per_gpu > 1) {
    throw UsageError("fatal: --mem, --mem-per-cpu, and --mem-per-gpu are mutually exclusive.", 1);
  }
  if (!(per_node || per_cpu || per_gpu)) return;
  ResourceRequest& resources = options->resources;
  if (!per_node) resources.memory_per_node_mib = 0;
  if (!per_cpu) resources.memory_per_cpu_mib = 0;
  if (!per_gpu) resources.memory_per_gpu_mib = 0;
}

/// --gres=none is stronger than what the job's variables say.
void DropGpus(ResourceRequest* resources) {
  if (resources->no_gpus) resources->gpus = resources->gpus_per_node = resources->gpus_per_task = 0;
}

void CheckDistribution(const SrunOptions& options) {
  const std::string& distribution = options.placement.distribution;
  if (!distribution.empty() && !ParseDistribution(distribution)) {
    throw LaunchError("Invalid plane size or size not specified\nsrun: error: Invalid --distribution specification", kUsageExit);
  }
}

}  // namespace

SrunOptions ReadSrunOptions(const std::vector<std::string>& args, const Environment& environment) {
  const std::vector<SrunRow> rows = SrunRows();
  SrunOptions options;
  ReadEnvironment(rows, environment, &options);
  options.said.clear();
  std::vector<OptionName> names;
  for (const SrunRow& row : rows) names.push_back({row.name, row.letter, row.argument});
  const size_t at = ReadOptions(names, OwnSrunRows(), args,
                                [&](size_t option, const std::string& value) { Apply(rows[option], value, &options); });
  options.world.command.assign(args.begin() + static_cast<long>(at), args.end());
  KeepOneMemory(&options);
  DropGpus(&options.resources);
  CheckDistribution(options);
  CheckConflicts(options);
  // -c alone makes a step exact where its tasks have CPUs of their own. Source: compat/captures/*/steps/cpus_overcommit.
  if (options.resources.overcommit && options.given.count("exact") + options.given.count("exclusive") == 0) {
    options.resources.exact = false;
  }
  return options;
}

}  // namespace launcher
