#ifndef LAUNCHER_OS_RLIMITS_H_
#define LAUNCHER_OS_RLIMITS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace launcher {

/// Soft limits by name (RLIMIT_ without that prefix); -1 is unlimited.
using Rlimits = std::map<std::string, int64_t>;

/// RLIMIT_NOFILE and so on for a name; nothing for an unknown one.
std::optional<int> RlimitNumber(const std::string& name);

/// This process's soft limits as srun --propagate=`list` sends them to the tasks: ALL (also an empty list), NONE, or names
/// with commas between them. Throws LaunchError in srun's words for anything else.
Rlimits PropagatedRlimits(const std::string& list);

}  // namespace launcher

#endif  // LAUNCHER_OS_RLIMITS_H_
