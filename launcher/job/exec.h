#ifndef LAUNCHER_JOB_EXEC_H_
#define LAUNCHER_JOB_EXEC_H_

#include "os/env.h"
#include "spec/spec.h"

namespace launcher {

/// Role exec: this rank is the program, its MPI environment untouched. Rank 0 keeps the time limit and
/// reports. Returns the program's exit code, 128 + n after a signal.
int RunExec(const LaunchSpec& spec, const Environment& own);

}  // namespace launcher

#endif  // LAUNCHER_JOB_EXEC_H_
