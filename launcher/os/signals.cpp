#include "os/signals.h"

#include <sys/signalfd.h>

namespace launcher {

SignalScope::SignalScope(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  fd_.Reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) throw LaunchError(std::string("cannot wait for signals: ") + std::strerror(errno), 1);
}

int SignalScope::Next() {
  signalfd_siginfo info;
  const ssize_t got = read(fd_.get(), &info, sizeof info);
  return got == static_cast<ssize_t>(sizeof info) ? static_cast<int>(info.ssi_signo) : 0;
}

std::string SignalDescription(int signal) {
  const char* text = strsignal(signal);
  return text ? text : "Signal " + std::to_string(signal);
}

}  // namespace launcher
