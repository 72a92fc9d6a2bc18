#ifndef LAUNCHER_SRUN_SRUN_CLIENT_H_
#define LAUNCHER_SRUN_SRUN_CLIENT_H_

#include <string>
#include <vector>

#include "os/env.h"
#include "srun/srun_groups.h"

namespace launcher {

/// Runs a step, a part in each component that `runs` has, in the job of the runtime directory `directory`, from the request to the
/// last byte of output, and says what srun ends with. `own`: srun's environment. Throws LaunchError where there is no step.
int RunStep(std::vector<GroupRun> runs, const std::string& directory, const Environment& own);

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_CLIENT_H_
