#ifndef LAUNCHER_SRUN_SRUN_TERMINAL_H_
#define LAUNCHER_SRUN_SRUN_TERMINAL_H_

#include <termios.h>

#include <string>
#include <string_view>

namespace launcher {

/// srun's own terminal, its standard input, while a task works in it (--pty): what is typed goes through byte by byte, Ctrl-C, too,
/// and what the task's terminal has made of its output is not changed again.
class SrunTerminal {
 public:
  SrunTerminal() = default;
  SrunTerminal(const SrunTerminal&) = delete;
  SrunTerminal& operator=(const SrunTerminal&) = delete;
  ~SrunTerminal() { Leave(); }

  /// Unless somebody else works in the terminal: we run in the background. SIGTTOU must be blocked.
  void Enter();

  /// The terminal is as it was before.
  void Leave();

  bool is_entered() const { return is_entered_; }

 private:
  bool is_entered_ = false;
  termios before_ = {};
};

/// Lines as a terminal wants them that no longer begins a new line at its left edge by itself.
std::string WithReturns(std::string_view lines);

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_TERMINAL_H_
