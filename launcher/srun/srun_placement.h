#ifndef LAUNCHER_SRUN_SRUN_PLACEMENT_H_
#define LAUNCHER_SRUN_SRUN_PLACEMENT_H_

#include "os/env.h"
#include "srun/srun_options.h"

namespace launcher {

/// Where tasks go, after the checks that srun makes by itself, knowing of the job what its variables say. What it
/// changes it tells on stderr. Throws LaunchError for what cannot be.
PlacementRequest PlacementOf(const SrunOptions& options, const Environment& own);

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_PLACEMENT_H_
