#ifndef LAUNCHER_STEP_STEP_SERVER_H_
#define LAUNCHER_STEP_STEP_SERVER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mpi/mpi_wire_up.h"
#include "node/report.h"
#include "step/share_runner.h"
#include "step/step_layout.h"

namespace launcher {

/// One step on the first node: has its shares started everywhere, and carries their frames to the srun
/// that asked for it, and its own to them.
class StepServer {
 public:
  struct Hooks {
    /// Has another node open a share's connection, which then comes to Attach. False: the node is lost.
    std::function<bool(StepServer*, int node, int share)> start_remote;
    /// A frame about files, from the client of a step that is held back.
    std::function<void(const std::shared_ptr<Channel>& client, Frame type, std::string_view payload)> file;
    /// A share's connection broke: the launch of that node is gone, whatever the node's own connection says yet.
    std::function<void(int node)> lost;
    /// Called once, when all is over.
    std::function<void(StepServer*)> ended;
  };

  /// `is_alone`: of an srun whose allocation is there for this step.
  StepServer(Loop* loop, Supervisor* supervisor, std::shared_ptr<Channel> client, bool is_alone, int id, StepRequest request,
             StepLayout layout, const StepGround& ground, Hooks hooks);
  StepServer(const StepServer&) = delete;
  StepServer& operator=(const StepServer&) = delete;
  ~StepServer();

  /// Tells the client and, unless the client holds them back, starts the shares; `world` is the first node's and must outlive it.
  void Start(const NodeWorld& world);

  /// The connection of share number `share`, from its node.
  void Attach(int share, std::shared_ptr<Channel> channel);

  /// A node is gone: its tasks are too.
  void NodeLost(int node);

  /// Asks every share that runs what its tasks have used.
  void Measure(const std::shared_ptr<UsageQuery>& query);

  /// To all tasks. A TERM is told in their output.
  void Signal(int signal);

  /// Ends it and says so in its output: "*** STEP 12.0 ON n1 CANCELLED AT … DUE TO TIME LIMIT ***", where `why` is " DUE TO TIME LIMIT".
  void Cancel(const std::string& why);

  /// Ends it for somebody else, which its srun is told; `how` is for its output: `*** STEP 12.0 ON n1 <how> ***`.
  void Abort(const std::string& how);

  /// The same at once.
  void Kill();

  /// TERM, then KILL.
  void Terminate();

  int id() const { return id_; }
  bool is_counted() const { return !request_.is_daemons; }
  bool is_ending() const { return is_ending_; }  ///< its tasks have been told to end
  const StepLayout& layout() const { return layout_; }
  const std::shared_ptr<Channel>& client() const { return client_; }
  /// What is known of it so far; without an end while one of its shares runs.
  StepReport Report() const;
  /// What its tasks have used that have ended.
  const UsageSummary& usage() const { return usage_; }

 private:
  struct Share;
  class LocalSink;

  void StartShares();
  void OnStartStep(std::string_view payload);
  void JoinWhole(const WholeStep& whole);
  void ComposeEnvironment(const StepFacts& facts);
  void Resize(std::string_view payload);
  void OnClientFrame(Frame type, std::string_view payload);
  void OnShareFrame(Share* share, Frame type, std::string_view payload);
  void Forward(Share* share, Frame type, std::string_view payload);
  void TaskEnded(Share* share, int task, int wait_status);
  void InputTaken(Share* share, size_t bytes);
  void ReportInputTaken();
  bool is_over() const;
  void ShareEnded(Share* share);
  void ShareLost(Share* share);
  void Pass(int signal);
  void EndAtOnce();
  void SayEnd(const std::string& how) const;
  void Say(const std::string& line) const;
  StepShare Describe(const Share& share) const;
  MpiStep DescribeForMpirun() const;
  void OnMpirunFailed(const std::string& said);

  Loop* loop_;
  Supervisor* supervisor_;
  std::shared_ptr<Channel> client_;
  int64_t job_id_;
  int id_;
  StepRequest request_;
  StepLayout layout_;
  std::string srun_;  ///< host and process id of the client, where it is on this host
  StepFacts facts_;  ///< of this part only
  WholeStep whole_;
  const Environment& job_environment_;
  Environment environment_;
  std::unique_ptr<MpiWireUp> mpi_;  ///< of a step whose tasks are ranks of an mpirun
  double grace_;
  int own_node_;
  Hooks hooks_;
  const NodeWorld* world_ = nullptr;
  bool is_started_ = false;
  std::optional<Loop::TimerId> timer_;  ///< of its time limit
  std::string program_;              ///< that tasks run instead of the first word of the command; empty: none
  bool is_program_per_node_ = false; ///< `_` and the node's name come behind it
  std::vector<std::unique_ptr<Share>> shares_;
  size_t input_received_ = 0;  ///< bytes from the client
  size_t input_reported_ = 0;
  bool is_ending_ = false;
  double start_;
  Outcome outcome_;
  UsageSummary usage_;
};

}  // namespace launcher

#endif  // LAUNCHER_STEP_STEP_SERVER_H_
