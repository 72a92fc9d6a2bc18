#ifndef LAUNCHER_TEXT_ERROR_H_
#define LAUNCHER_TEXT_ERROR_H_

#include <stdexcept>
#include <string>

namespace launcher {

/// Exit code of a command line that our own commands would not have written (sysexits.h: EX_USAGE).
constexpr int kExitUsage = 64;

/// Exit code of anything wrong with what the login side handed over (sysexits.h: EX_CONFIG).
constexpr int kExitConfig = 78;

/// Exit code when a program cannot be started: found but not executable, and not found.
constexpr int kExitNotExecutable = 126;
constexpr int kExitNotFound = 127;

/// The one exception of the launcher: one line for the user, without a trailing newline, and the
/// code to exit with. Only main() catches it to print it.
class LaunchError : public std::runtime_error {
 public:
  LaunchError(const std::string& message, int exit_code)
      : std::runtime_error(message), exit_code_(exit_code) {}

  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

}  // namespace launcher

#endif  // LAUNCHER_TEXT_ERROR_H_
