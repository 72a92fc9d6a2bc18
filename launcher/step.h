#ifndef LAUNCHER_STEP_H_
#define LAUNCHER_STEP_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "channel.h"
#include "slurm_env.h"
#include "step_request.h"
#include "step_resources.h"
#include "supervisor.h"

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
  StepLimits limits;
  double grace = 30;

  std::string Pack() const;
  static StepShare Unpack(std::string_view payload);
};

/// What a node adds of its own.
struct NodeWorld {
  std::string job_dir;                     ///< its runtime directory
  std::vector<int> gpus;                   ///< that the platform gave it
  std::map<std::string, int64_t> rlimits;
  Environment mpi;                         ///< settings that Open MPI needs here, where the step has none of its own
};

/// Where a share's frames go: the channel to the first node, or, on it, the step itself.
class ShareSink {
 public:
  virtual ~ShareSink() = default;
  virtual void Output(int task, int stream, std::string_view bytes) = 0;
  virtual void TaskEnded(int task, int wait_status) = 0;
  virtual void InputTaken(size_t bytes) = 0;
  virtual void ShareEnded() = 0;
  /// Output waits while this holds; ShareRunner::Resume ends the wait.
  virtual bool IsFull() const = 0;
};

/// Runs a share: starts its tasks, carries their streams, tells how each ended.
class ShareRunner {
 public:
  /// Starts at once. `supervisor`, `loop` and `sink` must outlive it.
  ShareRunner(Loop* loop, Supervisor* supervisor, ShareSink* sink, StepShare share,
              const NodeWorld& world);
  ShareRunner(const ShareRunner&) = delete;
  ShareRunner& operator=(const ShareRunner&) = delete;
  ~ShareRunner();

  /// Standard input for one task or kAllTasks; no bytes: its end.
  void Input(uint32_t task, std::string_view bytes);
  void Signal(int signal);
  /// TERM now, KILL after the grace time.
  void Terminate();
  void Resume();

 private:
  struct Stream {
    UniqueFd fd;
    bool is_done = false;
  };
  struct Task {
    int id = 0;
    pid_t pid = -1;
    UniqueFd in;
    std::string pending_in;
    size_t taken = 0;  ///< bytes of input this task has taken, or never will
    bool end_of_input = false;
    Stream streams[2];
    bool has_exited = false;
    bool is_reported = false;
    int wait_status = 0;
  };

  void StartTask(size_t index, const NodeWorld& world);
  void OnExit(Task* task, int wait_status);
  void ReadStream(Task* task, int stream);
  void Drain(Task* task, int stream);
  void WatchStream(Task* task, int stream);
  void CloseStream(Task* task, int stream);
  void WriteInput(Task* task);
  void CloseInput(Task* task);
  void CountInput();
  void ReportIfOver(Task* task);
  void EndIfOver();

  Loop* loop_;
  Supervisor* supervisor_;
  ShareSink* sink_;
  StepShare share_;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::shared_ptr<bool> alive_;  ///< false once destroyed: callbacks that come later must not touch this
  size_t input_received_ = 0;
  size_t input_reported_ = 0;
  bool is_ending_ = false;
};

}  // namespace launcher

#endif  // LAUNCHER_STEP_H_
