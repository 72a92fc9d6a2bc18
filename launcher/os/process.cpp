#include "os/process.h"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>


namespace launcher {
namespace {

constexpr size_t kChildStack = 64 * 1024;

/// Of these the interpreter that has become launch makes SIG_IGN (Python does), whatever they were before.
const std::vector<int> kIgnoredByPython = {SIGPIPE, SIGXFSZ};

/// Signals that launch was started with as ignored, as under nohup: exec would keep them so. launch itself ignores none.
const std::vector<int>& InheritedIgnored() {
  static const std::vector<int> ignored = [] {
    std::vector<int> found;
    for (int signal = 1; signal < NSIG; ++signal) {
      struct sigaction action;
      if (sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) found.push_back(signal);
    }
    return found;
  }();
  return ignored;
}

/// Everything the child needs, allocated before it is there.
struct Prepared {
  std::string program;
  std::vector<char*> argv;
  std::vector<char*> shell_argv;  ///< for a script without `#!`, as execvp runs it
  EnvBlock environment;
  std::vector<std::pair<int, rlimit>> limits;
  std::vector<unsigned long> cpu_mask;  ///< as the kernel takes it
  const std::vector<int>& ignored;      ///< become default

  explicit Prepared(const SpawnPlan& plan)
      : program(plan.program.empty() ? FindProgram(plan.argv.at(0), plan.environment.Get("PATH", "/usr/bin:/bin"), plan.work_dir)
                                     : plan.program),
        environment(plan.environment, plan.pid_variable),
        ignored(plan.for_user ? kIgnoredByPython : InheritedIgnored()) {
    for (const std::string& word : plan.argv) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    shell_argv = {const_cast<char*>("/bin/sh"), const_cast<char*>(program.c_str())};
    shell_argv.insert(shell_argv.end(), argv.begin() + 1, argv.end());
    for (const auto& [name, value] : plan.rlimits) AddLimit(name, value);
    for (const int cpu : plan.cpus) AddCpu(static_cast<size_t>(cpu));
  }

  void AddCpu(size_t cpu) {
    constexpr size_t kBits = 8 * sizeof(unsigned long);
    if (cpu_mask.size() <= cpu / kBits) cpu_mask.resize(cpu / kBits + 1);
    cpu_mask[cpu / kBits] |= 1ul << (cpu % kBits);
  }

  void AddLimit(const std::string& name, int64_t value) {
    const std::optional<int> number = RlimitNumber(name);
    rlimit limit;
    if (!number || getrlimit(static_cast<__rlimit_resource_t>(*number), &limit) != 0) return;
    const rlim_t wanted = value < 0 ? RLIM_INFINITY : static_cast<rlim_t>(value);
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    limits.emplace_back(*number, limit);
  }
};

/// Puts the three descriptors in place without one overwriting another.
bool PlaceStreams(const SpawnPlan& plan) {
  int wanted[3] = {plan.in, plan.out, plan.err};
  for (int& fd : wanted) {
    if (fd >= 0 && fd < 3) fd = fcntl(fd, F_DUPFD, 3);
  }
  for (int i = 0; i < 3; ++i) {
    if (wanted[i] >= 0 && dup2(wanted[i], i) < 0) return false;
  }
  if (plan.for_user) return true;
  return syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */) == 0 || errno == ENOSYS;
}

/// What parent and child share while the parent waits: they have one memory until exec.
struct Birth {
  const SpawnPlan& plan;
  Prepared* prepared;
  pid_t parent;
  int chdir_error;
  int exec_error;
};

/// The child, up to exec: async-signal-safe calls only, and nothing is written to but its own stack and `birth`.
int Become(void* shared) {
  Birth& birth = *static_cast<Birth*>(shared);
  const SpawnPlan& plan = birth.plan;
  Prepared& prepared = *birth.prepared;
  if (plan.for_user) {
    setpgid(0, 0);
    if (plan.terminal) tcsetpgrp(STDIN_FILENO, getpid());  // SIGTTOU is blocked: we may be in the background by now
  } else {
    setsid();
  }
  prctl(PR_SET_PDEATHSIG, plan.for_user ? SIGHUP : SIGKILL);
  if (getppid() != birth.parent) _exit(1);  // launch died before it could be told about
  for (const int signal : prepared.ignored) std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const auto& [number, limit] : prepared.limits) setrlimit(static_cast<__rlimit_resource_t>(number), &limit);
  // The CPUs are some of launch's own: the kernel refuses only when they have been taken away meanwhile.
  if (!prepared.cpu_mask.empty()) syscall(SYS_sched_setaffinity, 0, prepared.cpu_mask.size() * sizeof(unsigned long), prepared.cpu_mask.data());
  if (plan.umask) umask(*plan.umask);
  if (!plan.work_dir.empty() && chdir(plan.work_dir.c_str()) != 0) {
    birth.chdir_error = errno;
    if (chdir("/tmp") != 0 && chdir("/") != 0) _exit(1);
  }
  if (PlaceStreams(plan)) {
    if (plan.terminal && !plan.for_user) ioctl(STDIN_FILENO, TIOCSCTTY, 0);
    if (!plan.pid_variable.empty()) prepared.environment.PutPid(getpid());
    execve(prepared.program.c_str(), prepared.argv.data(), prepared.environment.get());
    if (errno == ENOEXEC && plan.is_shell_script) {
      execve("/bin/sh", prepared.shell_argv.data(), prepared.environment.get());
    }
  }
  birth.exec_error = errno;
  _exit(kExitNotFound);
}

}  // namespace

std::string FindProgram(const std::string& name, const std::string& path, const std::string& here) {
  if (name.find('/') != std::string::npos || name.empty()) return name;
  std::string denied;
  for (size_t at = 0; at <= path.size();) {
    const size_t colon = std::min(path.find(':', at), path.size());
    const std::string directory = path.substr(at, colon - at);
    const std::string candidate = (directory.empty() ? "." : directory) + "/" + name;
    at = colon + 1;
    const std::string file = candidate[0] == '/' || here.empty() ? candidate : here + "/" + candidate;
    struct stat status;
    if (stat(file.c_str(), &status) != 0 || S_ISDIR(status.st_mode)) continue;
    if (access(file.c_str(), X_OK) == 0) return candidate;
    if (denied.empty()) denied = candidate;
  }
  return denied.empty() ? name : denied;
}

Spawned Spawn(const SpawnPlan& plan) {
  Prepared prepared(plan);
  Birth birth = {plan, &prepared, getpid(), 0, 0};
  // As vfork, with a stack of its own: nothing of launch is copied, however large its environment and buffers are, and what
  // went wrong in the child is simply there when clone returns, which is when the child has become another program, or ended.
  alignas(16) static char stack[kChildStack];
  Spawned result;
  result.pid = clone(Become, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &birth);
  if (result.pid < 0) {
    throw LaunchError(std::string("cannot start a process: ") + std::strerror(errno), 1);
  }
  result.chdir_error = birth.chdir_error;
  result.error = birth.exec_error;
  if (result.error != 0) {
    while (waitpid(result.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    result.pid = -1;
  }
  return result;
}

int ShellCode(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace launcher
