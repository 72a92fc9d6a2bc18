#ifndef LAUNCHER_OS_SUPERVISOR_H_
#define LAUNCHER_OS_SUPERVISOR_H_

#include <sys/types.h>

#include <functional>
#include <map>
#include <vector>

#include "os/loop.h"
#include "os/process.h"
#include "os/signals.h"
#include "os/usage.h"

namespace launcher {

/// launch as the init of its part of a job: every process below it is started here, every orphan comes
/// to it, and none is left when it ends. Signals to launch arrive as callbacks on the loop.
class Supervisor {
 public:
  using OnExit = std::function<void(int wait_status)>;
  using OnSignal = std::function<void(int signal)>;

  Supervisor(Loop* loop, OnSignal on_signal);
  ~Supervisor();

  /// Starts a process; `on_exit` is called when it has ended, unless it could not be started at all.
  Spawned Start(const SpawnPlan& plan, OnExit on_exit);

  /// In an OnExit: what the process has used whose end that tells, with those that it has waited for.
  const Usage& used() const { return used_; }

  /// Asks all processes below us to end (TERM and CONT). A child that one of them starts meanwhile is asked, too.
  static void TerminateAll();

  /// KILLs after `grace` seconds what is still there below us, again and again while new ones appear, and calls `done`
  /// when there is none. Called again meanwhile it takes the shorter time.
  void EndAll(double grace, std::function<void()> done);

 private:
  void OnSignals();
  void Reap();
  static void KillAll();
  void LookForRest();

  Loop* loop_;
  OnSignal on_signal_;
  SignalScope signals_;
  std::map<pid_t, OnExit> running_;
  Usage used_;
  std::function<void()> on_all_ended_;
  int64_t kill_from_ms_ = 0;
};

}  // namespace launcher

#endif  // LAUNCHER_OS_SUPERVISOR_H_
