#ifndef LAUNCHER_JOB_JOB_H_
#define LAUNCHER_JOB_JOB_H_

#include "os/env.h"
#include "spec/spec.h"

namespace launcher {

/// Roles batch and tasks on any node: the first one runs the script, the command, the one step, or holds
/// the allocation, and serves everybody; the others serve it. Returns launch's exit code: the script's or
/// the highest of the step's tasks, 128 + n after a signal. `own` is launch's own environment.
int RunJob(const LaunchSpec& spec, const Environment& own);

}  // namespace launcher

#endif  // LAUNCHER_JOB_JOB_H_
