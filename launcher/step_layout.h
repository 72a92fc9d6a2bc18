#ifndef LAUNCHER_STEP_LAYOUT_H_
#define LAUNCHER_STEP_LAYOUT_H_

#include <vector>

#include "env.h"
#include "layout.h"
#include "nodes.h"
#include "spec.h"
#include "step_request.h"
#include "step_resources.h"

namespace launcher {

/// What a step is laid out on.
struct StepGround {
  const LaunchSpec* spec;
  const Place* place;
  Environment job_environment;  ///< SLURM_* of the job, under what srun sends
};

/// The nodes and tasks that a request gets, and what of each node.
struct StepLayout {
  std::vector<int> nodes;  ///< numbers within the job
  TaskIds tasks;
  Distribution distribution;
  std::vector<NodeHolding> holdings;  ///< one for each of `nodes`
};

/// Lays a step out. Throws LaunchError with srun's words when it does not fit.
StepLayout LayOutStep(const StepRequest& request, const StepGround& ground);

}  // namespace launcher

#endif  // LAUNCHER_STEP_LAYOUT_H_
