#ifndef LAUNCHER_SRUN_SRUN_ENDING_H_
#define LAUNCHER_SRUN_SRUN_ENDING_H_

#include <functional>
#include <string>
#include <vector>

#include "os/loop.h"
#include "srun/srun_interrupt.h"
#include "srun/srun_messages.h"
#include "srun/srun_options.h"
#include "srun/srun_tasks.h"

namespace launcher {

/// How a step comes to its end, and what srun says of it: its tasks' exits, --kill-on-bad-exit and --wait, and the signals that
/// srun gets. Source: compat/captures/*/streams.
class SrunEnding {
 public:
  struct Hooks {
    std::function<void(int signal)> signal;  ///< sends it to all tasks
    std::function<void()> give_up;           ///< the tasks have not ended, long after they were told to
  };

  /// All must outlive it.
  SrunEnding(Loop* loop, const SrunOptions* options, const SrunMessages* messages, Hooks hooks);

  /// The step is there. `step_ids`: "StepId=7.0", of each part.
  void Begin(std::vector<std::string> step_ids, SrunTasks tasks);

  void OnTaskEnded(int task, int wait_status);
  void OnSignal(int signal);

  /// The step is over, and its output written: tells what is not told yet.
  void Finish();

  /// The job ends the step.
  void OnAborted();

  /// The step's tasks are ended for a reason that was told already.
  void ExpectEnd() { is_ending_ = true; }

  const SrunTasks& tasks() const { return tasks_; }
  /// The signal by which the user ended the step; 0: none.
  int ended_by() const { return ended_by_; }

 private:
  void TellEnded();
  void TellStates() const;
  void TellTerminating() const;
  void EndOthers();
  void EndAfterWait();
  void ForceEnd(int signal);
  void End();

  Loop* loop_;
  const SrunOptions* options_;
  const SrunMessages* messages_;
  Hooks hooks_;
  Interrupts interrupts_;
  std::vector<std::string> step_ids_;
  SrunTasks tasks_;
  bool has_told_wait_ = false;
  bool is_telling_ = false;     ///< ends of tasks are about to be told
  bool is_terminated_ = false;  ///< by --kill-on-bad-exit
  bool is_cancelled_ = false;   ///< by Ctrl-C
  bool is_ending_ = false;      ///< all tasks have been told to end
  int ended_by_ = 0;
};

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_ENDING_H_
