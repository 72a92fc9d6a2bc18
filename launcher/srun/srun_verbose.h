#ifndef LAUNCHER_SRUN_SRUN_VERBOSE_H_
#define LAUNCHER_SRUN_SRUN_VERBOSE_H_

#include <string>
#include <vector>

#include "os/env.h"
#include "srun/output_plan.h"
#include "srun/srun_options.h"

namespace launcher {

// What srun -v tells before its tasks run, a line each. Source: srun -v of 22.05 inside a job; compat/captures/*/streams/verbose*.

/// The options that were given, by the command line or the environment, and the job's nodes.
std::vector<std::string> DescribeRequest(const SrunOptions& options, const Environment& own);

/// Which tasks start where. `step_id`: "StepId=7.0"; `places`: by task.
std::vector<std::string> DescribeStep(const std::vector<std::string>& step_ids, const std::vector<TaskPlace>& places);

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_VERBOSE_H_
