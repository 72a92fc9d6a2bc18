#ifndef LAUNCHER_STEP_SHARE_RUNNER_H_
#define LAUNCHER_STEP_SHARE_RUNNER_H_

#include <memory>
#include <vector>

#include "os/usage_sampler.h"
#include "step/step_share.h"
#include "step/step_usage.h"
#include "step/task.h"

namespace launcher {

/// Runs a share: starts its tasks, passes their streams on, tells how each ended.
class ShareRunner {
 public:
  /// Starts at once. `supervisor`, `loop` and `sink` must outlive it.
  ShareRunner(Loop* loop, Supervisor* supervisor, ShareSink* sink, StepShare share, const NodeWorld& world);
  ShareRunner(const ShareRunner&) = delete;
  ShareRunner& operator=(const ShareRunner&) = delete;
  ~ShareRunner();

  /// STDIN, SIGNAL, WINDOW or TERMINATE, as docs/protocol.md has them; others mean nothing here.
  void OnFrame(Frame type, std::string_view payload);

  /// TERM now, KILL after the grace time.
  void Terminate();

  /// Output may go on.
  void Resume();

  /// What the tasks have used that run.
  ShareUsage Measure() const;

 private:
  void Input(uint32_t task, std::string_view bytes);
  void Signal(int signal);
  void StartTask(size_t index, const NodeWorld& world);
  SpawnPlan PlanOfTask(size_t index, const NodeWorld& world) const;
  void CountInput();
  void EndIfOver();

  Loop* loop_;
  ShareSink* sink_;
  StepShare share_;
  ShareBinding binding_;
  UsageSampler sampler_;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::shared_ptr<bool> alive_;  ///< false once destroyed: callbacks that come later must not touch this
  size_t running_;               ///< tasks whose end has not been told
  size_t input_received_ = 0;
  size_t input_reported_ = 0;
  bool is_ending_ = false;
};

}  // namespace launcher

#endif  // LAUNCHER_STEP_SHARE_RUNNER_H_
