#include "srun/srun.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "mpi/mpi.h"
#include "node/runtime_dir.h"
#include "srun/srun_client.h"
#include "srun/srun_getopt.h"
#include "srun/srun_groups.h"
#include "srun/srun_messages.h"
#include "srun/srun_options.h"

extern char** environ;

namespace launcher {
namespace {

/// The exit code of a failure, by which it can be told from one of the tasks'. Source: srun(1), SLURM_EXIT_ERROR.
/// The login side's srun, which became this one where the allocation is its own, has complained of the variable already.
int FailureCode(const Environment& environment, bool complains) {
  const std::string* text = environment.Find("SLURM_EXIT_ERROR");
  if (!text) return 1;
  const int code = static_cast<int>(std::strtol(text->c_str(), nullptr, 10));
  if (code == 0 && complains) SrunMessages(false, 0).Error("SLURM_EXIT_ERROR has zero value");
  return code == 0 ? 1 : code;
}

/// What the command line runs in which component of the job. The daemons of a step's mpirun stay in its component.
std::vector<GroupRun> RunsIn(const std::string& directory, const std::vector<std::string>& args, const SrunOptions& options,
                             const Environment& own) {
  const std::vector<int> ids = ReadComponentIds(directory);
  if (!ids.empty() && !own.Has(kMpiDaemonsName)) return ReadGroupRuns(args, own, ids);
  if (options.het_group) {
    const int last = ReadGroups(*options.het_group).back();
    if (last > 0) throw LaunchError("Requested het-group offset exceeds highest hetjob index (" + std::to_string(last) + " > 0)", 1);
    throw LaunchError("No directives to start application on any available hetjob components", 1);
  }
  if (SplitComponents(options.world.command).size() > 1) {
    throw LaunchError("a step of several components needs a heterogeneous job, and this one has a single component", 1);
  }
  return {GroupRun{0, 0, options, own, own}};
}

}  // namespace

int SrunMain(const std::vector<std::string>& args) {
  const Environment own = Environment::FromEnvp(environ);
  SrunOptions options;
  try {
    options = ReadSrunOptions(args, own);
  } catch (const UsageError& error) {
    std::fprintf(stderr, "srun: %s\n", error.what());
    return error.exit_code();
  }
  options.failure_code = FailureCode(own, !options.is_owner);
  const SrunMessages messages(options.quiet, options.verbosity);
  if (!options.answer.empty()) {
    std::puts(options.answer.c_str());
    return 0;
  }
  if (!options.login_side.empty()) return RunForeign("srun", {options.login_side});
  if (options.is_test_only) {
    std::vector<std::string> words = args;
    words.insert(words.begin(), "--test-only");  // in front: bin/srun looks for it there
    return RunForeign("srun", words);
  }
  if (options.world.command.empty()) {
    messages.Info("fatal: No command given to execute.");
    return 1;
  }
  for (const std::string& warning : options.warnings) messages.Info(warning);
  Environment looked_up = own;
  if (!options.job_id.empty()) looked_up.Set("SLURM_JOB_ID", options.job_id);
  std::optional<std::string> directory = options.job_dir;
  if (options.job_dir.empty()) directory = FindJobDir(looked_up);
  if (!directory && !options.job_id.empty() && FindJobDir(own)) {
    try {
      return RunForeign("srun", args);  // from inside another job: the login side knows why there is none
    } catch (const LaunchError&) {  // it cannot be reached from this node
    }
  }
  if (!directory) {
    const std::string id = looked_up.Get("SLURM_JOB_ID");
    messages.Error("Unable to confirm allocation for job " + (id.empty() ? "(none)" : id) + ": Invalid job id specified");
    messages.Info("Check SLURM_JOB_ID environment variable. Expired or invalid job " + id);
    return options.failure_code;
  }
  const int failure_code = options.failure_code;
  std::vector<GroupRun> runs;
  try {
    runs = RunsIn(*directory, args, options, own);
  } catch (const UsageError& error) {
    std::fprintf(stderr, "srun: %s\n", error.what());
    return error.exit_code();
  }
  for (GroupRun& run : runs) {
    if (run.options.world.command.empty()) {
      messages.Info("fatal: No command given to execute.");
      return 1;
    }
    run.options.failure_code = failure_code;
  }
  try {
    return RunStep(std::move(runs), *directory, own);
  } catch (const LaunchError& error) {
    messages.Error(error.what());
    return failure_code;
  }
}

}  // namespace launcher
