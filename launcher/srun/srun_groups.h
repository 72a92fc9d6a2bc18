#ifndef LAUNCHER_SRUN_SRUN_GROUPS_H_
#define LAUNCHER_SRUN_SRUN_GROUPS_H_

#include <string>
#include <vector>

#include "os/env.h"
#include "srun/srun_options.h"

namespace launcher {

/// What an srun runs in one component of its job.
struct GroupRun {
  int64_t job_id = 0;   ///< of the component, as messages have it; 0: of an ordinary job, by its runtime directory
  int64_t peer = 0;     ///< as StepParts::Part has it
  SrunOptions options;
  Environment own;      ///< srun's environment as this component's variables make it: what options and placement go by
  Environment told;     ///< what the tasks are given of it
};

/// The words of each component: between words `:`. Source: srun(1), heterogeneous jobs.
std::vector<std::vector<std::string>> SplitComponents(const std::vector<std::string>& args);

/// Numbers of components in --het-group: `0,2-3`, in order, once each. Throws LaunchError with Slurm's words.
std::vector<int> ReadGroups(const std::string& text);

/// What `args` run in which components of a heterogeneous job; `ids` are the job ids of all. Throws LaunchError, and as
/// ReadSrunOptions, for what cannot be.
std::vector<GroupRun> ReadGroupRuns(const std::vector<std::string>& args, const Environment& own, const std::vector<int>& ids);

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_GROUPS_H_
