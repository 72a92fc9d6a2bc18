#include "srun/srun_conflicts.h"

#include "srun/srun_getopt.h"

namespace launcher {
namespace {

struct Conflict {
  const char* one;
  const char* other;
  const char* line;  ///< what srun says
};

constexpr const char* kRelative = "error: -r,--relative not allowed with -w,--nodelist or -x,--exclude.";
constexpr const char* kPty = "error: --error/--input/--output are incompatible with --pty";

/// Two options that cannot stand together; the login side's table is mlspace/slurm/together.py.
constexpr Conflict kConflicts[] = {
    {"verbose", "quiet", "error: don't specify both --verbose (-v) and --quiet (-Q)"},
    {"exact", "whole", "error: --exact and --whole are mutually exclusive."},
    {"exclusive", "whole", "error: --exact and --whole are mutually exclusive."},
    {"exclusive", "overlap", "error: --exclusive and --overlap are mutually exclusive"},
    {"relative", "nodelist", kRelative},
    {"relative", "exclude", kRelative},
    {"pty", "input", kPty},
    {"pty", "output", kPty},
    {"pty", "error", kPty},
};

/// Options that --ntasks-per-gpu excludes, and the variables by which a job may have said them.
constexpr const char* kNotWithTasksPerGpu[][2] = {
    {"gpus-per-task", "SLURM_GPUS_PER_TASK"},
    {"gpus-per-socket", "SLURM_GPUS_PER_SOCKET"},
    {"ntasks-per-node", "SLURM_NTASKS_PER_NODE"},
};

}  // namespace

void CheckConflicts(const SrunOptions& options) {
  const auto is_given = [&](const char* name) { return options.given.count(name) > 0; };
  for (const auto& [one, other, line] : kConflicts) {
    if (is_given(one) && is_given(other)) throw UsageError(line, 1);
  }
  if (!is_given("ntasks-per-gpu")) return;
  for (const auto& [name, variable] : kNotWithTasksPerGpu) {
    if (!is_given(name)) continue;
    const std::string option = options.said.count(name) > 0 ? std::string("--") + name : variable;
    throw UsageError("fatal: " + option + " is mutually exclusive with --ntasks-per-gpu and SLURM_NTASKS_PER_GPU", 1);
  }
}

}  // namespace launcher
