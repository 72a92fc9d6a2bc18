#ifndef LAUNCHER_STEP_STEP_QUEUE_H_
#define LAUNCHER_STEP_STEP_QUEUE_H_

#include <functional>
#include <list>
#include <memory>

#include "channel/channel.h"
#include "step/step_request.h"

namespace launcher {

constexpr const char* kStepIsOver = "Job/step already completing or completed";

/// Requests for steps whose nodes are busy, in the order in which they came. Each is tried again when something of the
/// job is free again; one that still has to wait holds up none behind it.
class StepQueue {
 public:
  using Client = std::shared_ptr<Channel>;
  struct Hooks {
    std::function<bool(const Client&, const StepRequest&)> start;  ///< true: it has started, or was refused
    std::function<void(const Client&, const char* why)> refuse;
    std::function<void(const Client&)> gone;  ///< the client has closed while it waited
  };

  StepQueue(Loop* loop, Hooks hooks) : loop_(loop), hooks_(std::move(hooks)) {}
  StepQueue(const StepQueue&) = delete;
  StepQueue& operator=(const StepQueue&) = delete;

  /// Tells the client that it waits, when `quiet_seconds` are over. One that would not wait is refused: at once, or when
  /// its time is over.
  void Add(const Client& client, StepRequest request, double quiet_seconds);

  /// Something is free again.
  void Retry();

  /// The job is ending.
  void RefuseAll(const char* why);

 private:
  struct Waiting {
    Client client;
    StepRequest request;
  };

  std::list<Waiting>::iterator Find(const Client& client);
  void Forget(const Client& client);
  void Refuse(const Client& client, const char* why);

  Loop* loop_;
  Hooks hooks_;
  std::list<Waiting> waiting_;
};

}  // namespace launcher

#endif  // LAUNCHER_STEP_STEP_QUEUE_H_
