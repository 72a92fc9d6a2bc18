#ifndef LAUNCHER_SRUN_SRUN_REQUEST_H_
#define LAUNCHER_SRUN_SRUN_REQUEST_H_

#include "os/env.h"
#include "srun/srun_options.h"
#include "step/step_request.h"

namespace launcher {

/// The step that srun asks for, after the checks that it makes by itself: of them it tells on stderr, unless it is to
/// be quiet. Throws LaunchError for what cannot be.
/// `told`: the environment that the tasks are to have.
StepRequest RequestOf(const SrunOptions& options, const Environment& own, const Environment& told);

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_REQUEST_H_
