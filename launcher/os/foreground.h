#ifndef LAUNCHER_OS_FOREGROUND_H_
#define LAUNCHER_OS_FOREGROUND_H_

#include <sys/types.h>
#include <termios.h>

#include <optional>

namespace launcher {

/// The terminal on standard input, if it is one, while a command has it: it is given back, with the settings that it
/// had, by the destructor. All of it is nothing where there is no terminal, or it is not ours to lend: in the background.
class Foreground {
 public:
  Foreground();
  Foreground(const Foreground&) = delete;
  Foreground& operator=(const Foreground&) = delete;
  ~Foreground();

  bool is_terminal() const { return settings_.has_value(); }
  bool is_ours() const;  ///< whether our own process group is in the foreground

  /// Makes a process group the one that reads from the terminal.
  void Lend(pid_t group);
  /// The same, of a command that has done so itself (SpawnPlan::terminal).
  void IsLent() { is_lent_ = true; }
  void TakeBack();

 private:
  std::optional<termios> settings_;
  bool is_lent_ = false;  ///< else the terminal is that of whoever has started us
};

}  // namespace launcher

#endif  // LAUNCHER_OS_FOREGROUND_H_
