#include "os/supervisor.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <set>
#include <utility>

#include "os/process_tree.h"

namespace launcher {
namespace {

constexpr double kLookSeconds = 0.02;

}  // namespace

Supervisor::Supervisor(Loop* loop, OnSignal on_signal)
    : loop_(loop),
      on_signal_(std::move(on_signal)),
      signals_({SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGCONT, SIGALRM}) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  loop_->WatchRead(signals_.fd(), [this] { OnSignals(); });
}

Supervisor::~Supervisor() { loop_->Forget(signals_.fd()); }

Spawned Supervisor::Start(const SpawnPlan& plan, OnExit on_exit) {
  const Spawned spawned = Spawn(plan);
  if (spawned.pid > 0) running_[spawned.pid] = std::move(on_exit);
  return spawned;
}

void Supervisor::OnSignals() {
  while (const int signal = signals_.Next()) {
    if (signal != SIGCHLD) on_signal_(signal);
  }
  Reap();  // one SIGCHLD may stand for many children
}

void Supervisor::Reap() {
  for (;;) {
    siginfo_t ended{};
    if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == EINTR) continue;
    const pid_t pid = ended.si_pid;
    if (pid <= 0) break;
    int status = 0;
    used_ = TakeUsage(pid, &status);
    const auto process = running_.find(pid);
    if (process == running_.end()) continue;  // an orphan that came to us
    const OnExit on_exit = std::move(process->second);
    running_.erase(process);
    if (on_exit) on_exit(status);
  }
}

/// While they stand still none can start another one that would not hear of it.
void Supervisor::TerminateAll() {
  std::set<pid_t> stopped;
  for (bool is_complete = false; !is_complete;) {
    is_complete = true;
    for (const pid_t pid : ProcessTree().Below(getpid())) {
      if (!stopped.insert(pid).second) continue;
      is_complete = false;
      kill(pid, SIGSTOP);
    }
  }
  for (const pid_t pid : stopped) kill(pid, SIGTERM);
  for (const pid_t pid : stopped) kill(pid, SIGCONT);
}

void Supervisor::KillAll() {
  for (const pid_t pid : ProcessTree().Below(getpid())) kill(pid, SIGKILL);
}

void Supervisor::EndAll(double grace, std::function<void()> done) {
  const int64_t kill_from = MonotonicMs() + static_cast<int64_t>(grace * 1000);
  const bool is_first = !on_all_ended_;
  on_all_ended_ = std::move(done);
  kill_from_ms_ = is_first ? kill_from : std::min(kill_from, kill_from_ms_);
  if (is_first) LookForRest();
}

void Supervisor::LookForRest() {
  Reap();
  siginfo_t ended;
  if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD) {
    loop_->Later(std::exchange(on_all_ended_, nullptr));
    return;
  }
  if (MonotonicMs() >= kill_from_ms_) KillAll();
  loop_->After(kLookSeconds, [this] { LookForRest(); });
}

}  // namespace launcher
