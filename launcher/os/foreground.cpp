#include "os/foreground.h"

#include <unistd.h>

#include <utility>

namespace launcher {
Foreground::Foreground() {
  termios settings;
  if (isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &settings) == 0) settings_ = settings;
}

Foreground::~Foreground() {
  TakeBack();
  if (is_ours()) tcsetattr(STDIN_FILENO, TCSANOW, &*settings_);
}

void Foreground::Lend(pid_t group) {
  if (!settings_) return;
  tcsetpgrp(STDIN_FILENO, group);
  is_lent_ = true;
}

bool Foreground::is_ours() const { return settings_ && tcgetpgrp(STDIN_FILENO) == getpgrp(); }

void Foreground::TakeBack() {
  if (std::exchange(is_lent_, false)) tcsetpgrp(STDIN_FILENO, getpgrp());
}

}  // namespace launcher
