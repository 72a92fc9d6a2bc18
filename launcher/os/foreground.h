#ifndef LAUNCHER_OS_FOREGROUND_H_
#define LAUNCHER_OS_FOREGROUND_H_

#include <sys/types.h>
#include <termios.h>

#include <optional>

namespace launcher {

/// The terminal on standard input, if it is one, while a command has it: it is given back, with the settings that it
/// had, by the destructor. All of it is nothing where there is no terminal.
class Foreground {
 public:
  Foreground();
  Foreground(const Foreground&) = delete;
  Foreground& operator=(const Foreground&) = delete;
  ~Foreground();

  bool is_terminal() const { return settings_.has_value(); }
  bool is_ours() const;  ///< whether our own process group is in the foreground

  /// Makes a process group the one that reads from the terminal.
  void Give(pid_t group) const;
  void TakeBack() const;

 private:
  std::optional<termios> settings_;
};

}  // namespace launcher

#endif  // LAUNCHER_OS_FOREGROUND_H_
