#ifndef LAUNCHER_OS_SIGNALS_H_
#define LAUNCHER_OS_SIGNALS_H_

#include <csignal>
#include <initializer_list>
#include <string>

#include "os/fd.h"

namespace launcher {

/// Blocks signals and hands them out through a descriptor, so that no handler ever does work. They stay blocked when it is
/// gone: one that comes at the very end must not change what the process ends with. Children get their mask from Spawn.
class SignalScope {
 public:
  explicit SignalScope(std::initializer_list<int> signals);
  SignalScope(const SignalScope&) = delete;
  SignalScope& operator=(const SignalScope&) = delete;

  /// Readable when a signal is pending.
  int fd() const { return fd_.get(); }

  /// The next pending signal, or 0 when there is none.
  int Next();

 private:
  UniqueFd fd_;
};

/// What a shell calls the death by `signal`, as Slurm prints it: "Killed", "Terminated".
std::string SignalDescription(int signal);

}  // namespace launcher

#endif  // LAUNCHER_OS_SIGNALS_H_
