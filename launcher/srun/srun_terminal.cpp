#include "srun/srun_terminal.h"

#include <unistd.h>

#include <utility>

namespace launcher {

void SrunTerminal::Enter() {
  if (tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &before_) != 0) return;
  termios raw = before_;
  cfmakeraw(&raw);
  is_entered_ = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void SrunTerminal::Leave() {
  if (std::exchange(is_entered_, false)) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

std::string WithReturns(std::string_view lines) {
  std::string result;
  for (const char c : lines) {
    if (c == '\n') result += '\r';
    result += c;
  }
  return result;
}

}  // namespace launcher
