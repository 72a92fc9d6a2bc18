#ifndef LAUNCHER_SRUN_STEP_VARIABLES_H_
#define LAUNCHER_SRUN_STEP_VARIABLES_H_

#include "os/env.h"
#include "srun/srun_options.h"

namespace launcher {

/// The environment that srun sends for its tasks: what --export lets through of its own, and its options as it tells them on.
/// `placement` is what became of that of the options. The first node adds what is true of the step, every node what is true of it and its tasks (slurm_env.h).
Environment StepVariables(const SrunOptions& options, const PlacementRequest& placement, const Environment& own);

}  // namespace launcher

#endif  // LAUNCHER_SRUN_STEP_VARIABLES_H_
