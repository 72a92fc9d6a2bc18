#include "os/supervisor.h"

#include <dirent.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cstdlib>
#include <cstring>
#include <algorithm>
#include <utility>

namespace launcher {
namespace {

constexpr double kLookSeconds = 0.02;

/// Parent of a process from /proc/<pid>/stat, the fourth field; the second may hold blanks and brackets.
pid_t ParentOf(const char* pid) {
  const std::string path = std::string("/proc/") + pid + "/stat";
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[512];
  const ssize_t got = file ? read(file.get(), text, sizeof text - 1) : -1;
  if (got <= 0) return -1;
  text[got] = '\0';
  const char* bracket = std::strrchr(text, ')');
  if (bracket == nullptr || std::strlen(bracket) < 4) return -1;
  return static_cast<pid_t>(std::atol(bracket + 4));
}

}  // namespace

std::vector<pid_t> Descendants(pid_t ancestor) {
  std::multimap<pid_t, pid_t> children;
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return {};
  while (const dirent* entry = readdir(proc)) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    const pid_t parent = ParentOf(entry->d_name);
    if (parent > 0) children.emplace(parent, static_cast<pid_t>(std::atol(entry->d_name)));
  }
  closedir(proc);
  std::vector<pid_t> found;
  const auto add_children = [&](pid_t parent) {
    const auto [begin, end] = children.equal_range(parent);
    for (auto child = begin; child != end; ++child) found.push_back(child->second);
  };
  add_children(ancestor);
  for (size_t i = 0; i < found.size(); ++i) add_children(found[i]);
  return found;
}

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
  int status = 0;
  for (;;) {
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) break;
    const auto process = running_.find(pid);
    if (process == running_.end()) continue;  // an orphan that came to us
    const OnExit on_exit = std::move(process->second);
    running_.erase(process);
    if (on_exit) on_exit(status);
  }
}

int Supervisor::SignalAll(int signal) {
  const std::vector<pid_t> all = Descendants(getpid());
  for (const pid_t pid : all) kill(pid, signal);
  return static_cast<int>(all.size());
}

void Supervisor::EndAll(double grace, std::function<void()> done) {
  const int64_t kill_from = MonotonicMs() + static_cast<int64_t>(grace * 1000);
  const bool is_first = !on_all_ended_;
  on_all_ended_ = std::move(done);
  kill_from_ms_ = is_first ? kill_from : std::min(kill_from, kill_from_ms_);
  if (grace > 0) {
    SignalAll(SIGCONT);
    SignalAll(SIGTERM);
  }
  if (is_first) LookForRest();
}

void Supervisor::LookForRest() {
  Reap();
  if (waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD) {
    loop_->Later(std::exchange(on_all_ended_, nullptr));
    return;
  }
  if (MonotonicMs() >= kill_from_ms_) SignalAll(SIGKILL);
  loop_->After(kLookSeconds, [this] { LookForRest(); });
}

}  // namespace launcher
