#ifndef LAUNCHER_JOB_SIGNAL_JOB_H_
#define LAUNCHER_JOB_SIGNAL_JOB_H_

#include <string>
#include <vector>

namespace launcher {

/// `launch signal --signal=N --to=every-step|batch|job|STEP DIRECTORY...`: sends a signal to jobs on this host, each named by
/// its runtime directory. Prints a line for each: how many steps and processes got it, or "gone" where no launch
/// answers. Returns the exit code, which is 0 in both cases. Throws LaunchError for wrong arguments.
int SignalMain(const std::vector<std::string>& args);

}  // namespace launcher

#endif  // LAUNCHER_JOB_SIGNAL_JOB_H_
