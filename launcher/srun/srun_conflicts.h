#ifndef LAUNCHER_SRUN_SRUN_CONFLICTS_H_
#define LAUNCHER_SRUN_SRUN_CONFLICTS_H_

#include "srun/srun_options.h"

namespace launcher {

/// Refuses options that cannot stand together. Throws LaunchError or UsageError with srun's line, for the first pair.
void CheckConflicts(const SrunOptions& options);

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_CONFLICTS_H_
