#include "os/foreground.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "text/error.h"

namespace launcher {
namespace {

/// Of these the interpreter that has become launch makes SIG_IGN (Python does), whatever they were before.
constexpr int kIgnoredByPython[] = {SIGPIPE, SIGXFSZ};

}  // namespace

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

pid_t StartInForeground(const std::string& file, const std::vector<std::string>& argv, const Environment& environment,
                        const Foreground& foreground) {
  const EnvBlock block(environment);
  std::vector<std::string> arguments = argv;
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) throw LaunchError(std::string("fork: ") + std::strerror(errno), 1);
  if (pid > 0) {
    setpgid(pid, pid);  // both do it: whoever comes first
    foreground.Give(pid);
    return pid;
  }
  setpgid(0, 0);
  foreground.Give(getpid());  // SIGTTOU is blocked: we may be in the background by now
  for (const int signal : kIgnoredByPython) std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(file.c_str(), pointers.data(), block.get());
  std::fprintf(stderr, "salloc: error: Unable to exec command \"%s\": %s\n", argv[0].c_str(), std::strerror(errno));
  _exit(1);
}

}  // namespace launcher
