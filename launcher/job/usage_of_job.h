#ifndef LAUNCHER_JOB_USAGE_OF_JOB_H_
#define LAUNCHER_JOB_USAGE_OF_JOB_H_

#include <string>
#include <vector>

namespace launcher {

/// `launch usage DIR`: asks the job's first node what its steps have used, and prints a line for each step and node
/// (docs/protocol.md §7). Returns the exit code: 1 where no launch answers.
int UsageMain(const std::vector<std::string>& args);

}  // namespace launcher

#endif  // LAUNCHER_JOB_USAGE_OF_JOB_H_
