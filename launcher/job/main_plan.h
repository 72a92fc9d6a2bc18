#ifndef LAUNCHER_JOB_MAIN_PLAN_H_
#define LAUNCHER_JOB_MAIN_PLAN_H_

#include "node/nodes.h"
#include "node/runtime_dir.h"
#include "os/env.h"
#include "os/process.h"
#include "spec/spec.h"

namespace launcher {

// What the job's main process on its first node is: the batch script, or the srun of a job that is one step.

/// What the specification makes of the container's environment `own`. Warnings about HPC-X go to stderr.
Environment BaseEnvironment(const LaunchSpec& spec, const Environment& own);

/// The script, which is written into the directory, or the command in its place; without streams. `base`: BaseEnvironment.
SpawnPlan PlanOfScript(const LaunchSpec& spec, const Place& place, const Environment& own, const Environment& base,
                       const RuntimeDir& directory);

/// srun with the one step of role tasks; without its input.
SpawnPlan PlanOfStep(const LaunchSpec& spec, const Environment& base, const RuntimeDir& directory);

}  // namespace launcher

#endif  // LAUNCHER_JOB_MAIN_PLAN_H_
