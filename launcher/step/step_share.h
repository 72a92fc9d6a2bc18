#ifndef LAUNCHER_STEP_STEP_SHARE_H_
#define LAUNCHER_STEP_STEP_SHARE_H_

#include <string>
#include <vector>

#include "channel/channel.h"
#include "node/slurm_env.h"
#include "os/usage.h"
#include "step/share_binding.h"
#include "step/step_request.h"
#include "step/step_resources.h"

namespace launcher {

/// One node's part of a step: what to start there.
struct StepShare {
  int step = 0;
  int node = 0;           ///< number of the node within the step
  std::string node_name;
  std::vector<int> tasks; ///< global ids of the tasks here
  NodeHolding held;
  TaskWorld world;
  StreamRequest streams;
  double grace = 30;

  std::string Pack() const;
  static StepShare Unpack(std::string_view payload);
};

/// What a node adds of its own.
struct NodeWorld {
  std::string job_dir;    ///< its runtime directory
  BindingGround ground;   ///< what the job has of it
  Environment mpi;        ///< settings that Open MPI needs here, where the step has none of its own
};

/// That of the node `place`. `own`: launch's environment; `job_dir`: its runtime directory there.
NodeWorld WorldOf(const LaunchSpec& spec, const Place& place, const Environment& own, const std::string& job_dir);

/// The environment of the share's task number `local`: the step's, and what is true on this node and of this task only.
Environment EnvironmentOf(const StepShare& share, int local, const ShareBinding& binding, const NodeWorld& world);

/// Where a share's frames go: the channel to the first node, or, on it, the step itself.
class ShareSink {
 public:
  virtual ~ShareSink() = default;
  virtual void Output(int task, int stream, std::string_view bytes) = 0;
  virtual void TaskEnded(int task, int wait_status, const Usage& used) = 0;
  virtual void InputTaken(size_t bytes) = 0;
  virtual void ShareEnded() = 0;
  /// Output waits while this holds; ShareRunner::Resume ends the wait.
  virtual bool IsFull() const = 0;
};

}  // namespace launcher

#endif  // LAUNCHER_STEP_STEP_SHARE_H_
