#include "os/foreground.h"

#include <unistd.h>

namespace launcher {
Foreground::Foreground() {
  termios settings;
  if (isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &settings) == 0) settings_ = settings;
}

Foreground::~Foreground() {
  if (!settings_) return;
  TakeBack();
  tcsetattr(STDIN_FILENO, TCSANOW, &*settings_);
}

void Foreground::Give(pid_t group) const {
  if (settings_) tcsetpgrp(STDIN_FILENO, group);
}

bool Foreground::is_ours() const { return settings_ && tcgetpgrp(STDIN_FILENO) == getpgrp(); }

void Foreground::TakeBack() const { Give(getpgrp()); }

}  // namespace launcher
