#ifndef LAUNCHER_SRUN_STEP_PARTS_H_
#define LAUNCHER_SRUN_STEP_PARTS_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "channel/channel.h"
#include "step/step_request.h"

namespace launcher {

/// The connections of an srun: one to the first node of its job, or, in a heterogeneous job, one to that of each component in which the
/// step has a part. What comes from the parts is put together, with numbers of tasks and nodes within the whole, so that
/// the rest of srun sees one step.
class StepParts {
 public:
  struct Part {
    int64_t peer = 0;  ///< whom AUTH asks for: 0 the launch of the runtime directory, else the number of a component and one
    StepRequest request;
  };
  struct Hooks {
    std::function<void()> connected;
    std::function<void(const std::string& why)> failed;  ///< to connect
    std::function<void(size_t part, Frame type, std::string_view payload)> frame;
    std::function<void()> lost;
  };

  StepParts(Loop* loop, std::string directory, bool is_owner, Hooks hooks);
  StepParts(const StepParts&) = delete;
  StepParts& operator=(const StepParts&) = delete;

  /// Connects to all; the number that the leader gives, where there is one, is put into the requests. Throws LaunchError where
  /// nobody listens.
  void Connect(std::vector<Part> parts);

  /// Asks for the step.
  void Create();

  /// START_STEP, with what each part has to know of the whole.
  void Start(const std::string& program, bool is_per_node);

  /// To every part.
  void Send(Frame type, std::string_view fields = {}, std::string_view rest = {});
  void Pause();
  void Resume();

  /// Of an owner: ends the allocation, and waits until that is written.
  void EndAllocation(int status, int signal);

  size_t count() const { return parts_.size(); }
  /// A number of tasks of the parts before: what the part's first task is within the whole.
  int first_task(size_t part) const { return lines_[part].whole.first_task; }
  size_t part_of_node(int node) const;

 private:
  /// A part's connection, and what is known of the part.
  struct Line {
    std::shared_ptr<Channel> channel;
    WholeStep whole;                       ///< its place in the whole
    std::vector<std::string> nodes;
    std::vector<std::vector<int>> tasks;   ///< by node, as the part counts them
    bool is_created = false;
    bool is_over = false;
    size_t input_taken = 0;
  };

  std::shared_ptr<Channel> Open(const char* kind, int64_t peer, std::function<void()> then);
  void AskNumber();
  void ConnectParts();
  void OnFrame(size_t part, Frame type, std::string_view payload);
  void OnCreated(size_t part, std::string_view payload);
  void ReportInput();

  Loop* loop_;
  std::string directory_;
  bool is_owner_;
  Hooks hooks_;
  std::vector<Part> parts_;
  std::vector<Line> lines_;
  std::shared_ptr<Channel> leader_;  ///< of a heterogeneous job: gives the number, and is the owner's
  size_t open_ = 0;                  ///< parts whose handshake is over
  size_t input_reported_ = 0;
};

}  // namespace launcher

#endif  // LAUNCHER_SRUN_STEP_PARTS_H_
