#ifndef LAUNCHER_SRUN_SRUN_GETOPT_H_
#define LAUNCHER_SRUN_SRUN_GETOPT_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "text/error.h"

namespace launcher {

enum class Argument { kNone, kRequired, kOptional };

/// An option as getopt knows it.
struct OptionName {
  const char* name;
  char letter;  ///< 0: none
  Argument argument;
};

/// A command line that getopt would not read. what() stands behind "srun: "; exit code 255.
class UsageError : public LaunchError {
 public:
  explicit UsageError(const std::string& text, int exit_code = 255) : LaunchError(text, exit_code) {}
};

/// Reads the options in front of a command line as GNU getopt does: unique prefixes, clusters of letters, `--opt=value`; `--`
/// or the first other word ends them. Each goes to `apply`, by its place in `names`, with its value, "" where it has none.
/// The last `unabbreviated` of `names` are known by their full name only. Returns how many words were read. Throws UsageError.
size_t ReadOptions(const std::vector<OptionName>& names, size_t unabbreviated, const std::vector<std::string>& args,
                   const std::function<void(size_t option, const std::string& value)>& apply);

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_GETOPT_H_
