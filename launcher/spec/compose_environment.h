#ifndef LAUNCHER_SPEC_COMPOSE_ENVIRONMENT_H_
#define LAUNCHER_SPEC_COMPOSE_ENVIRONMENT_H_

#include "os/env.h"
#include "spec/spec.h"

namespace launcher {

/// The environment that a plan makes of the container's own one (protocol.md §2, `env`).
Environment ComposeEnvironment(const EnvPlan& plan, const Environment& container);

}  // namespace launcher

#endif  // LAUNCHER_SPEC_COMPOSE_ENVIRONMENT_H_
