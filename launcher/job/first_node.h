#ifndef LAUNCHER_JOB_FIRST_NODE_H_
#define LAUNCHER_JOB_FIRST_NODE_H_

#include <map>
#include <memory>
#include <optional>
#include <set>

#include "bcast/file_relay.h"
#include "channel/handshake.h"
#include "job/het_side.h"
#include "node/batch_streams.h"
#include "node/report.h"
#include "node/runtime_dir.h"
#include "os/usage_sampler.h"
#include "step/node_roster.h"
#include "step/step_queue.h"
#include "step/step_server.h"

namespace launcher {

/// The job on its first node: main process, steps, the other nodes, limits, and the end.
class FirstNode {
 public:
  FirstNode(const LaunchSpec& spec, const Place& place, const Environment& own);

  /// Runs the job and returns launch's exit code.
  int Run();

 private:
  void Begin();

  // The main process.
  void StartMain();
  void AwaitOwner();
  void TellAllocation(const std::shared_ptr<Channel>& client);
  void StartWaitingMain();
  void StartScript();
  void StartTasks();
  Spawned StartMainProcess(const SpawnPlan& plan);
  void OnMainExit(int wait_status);

  // Those who connect.
  void AcceptOn(int listener, bool local);
  void OnPeer(const std::shared_ptr<Channel>& channel, const Peer& peer);
  void JoinNode(int node, const std::shared_ptr<Channel>& channel);
  void OnNodeLost(int node);
  void MissNodes();
  void OnOwner(const std::shared_ptr<Channel>& channel);
  void OnClient(const std::shared_ptr<Channel>& channel);
  void OnClientGone(const std::shared_ptr<Channel>& channel);
  void OnShare(const std::shared_ptr<Channel>& channel, int64_t key);
  void CreateStep(const std::shared_ptr<Channel>& channel, std::string_view payload);
  bool StartStep(const std::shared_ptr<Channel>& channel, const StepRequest& request);
  void RefuseStep(const std::shared_ptr<Channel>& channel, const StepRefusal& refusal);
  bool StartRemoteShare(StepServer* step, int node, int share);
  void OnStepEnded(StepServer* step);

  // Limits and the end.
  int SignalJob(int signal, int64_t target);
  int SignalScript(int signal, bool with_children);
  void MeasureSteps(const std::shared_ptr<Channel>& client);
  void StartTimers();
  void OnSignal(int signal);
  void SendWarning();
  void Cancel(const std::string& why, const Outcome& outcome);
  void SayCancelled(const std::string& why);
  void EndWithOthers(const Outcome& outcome, const std::string& why);
  void End(const Outcome& outcome, double grace, const std::string& why = "");
  void EndSteps();
  void KillRest();
  void ReleaseNodes();
  void Say(const std::string& line) const;

  const LaunchSpec& spec_;
  const Place& place_;
  const Environment& own_;
  Loop loop_;
  Supervisor supervisor_;
  UsageSampler sampler_;
  Credentials credentials_;
  Reporter reporter_;
  Environment base_;  ///< what the plan makes of the container's environment
  RuntimeDir directory_;
  NodeWorld world_;
  StepGround ground_;
  StepLedger ledger_;
  StepQueue waiting_steps_;
  BatchStreams streams_;
  UniqueFd unix_listener_;
  UniqueFd tcp_listener_;
  pid_t main_pid_ = -1;
  bool has_said_cancelled_ = false;
  bool is_releasing_ = false;  ///< all has ended here, and the other nodes are told so
  std::vector<std::shared_ptr<Channel>> untold_;  ///< who has asked for the allocation while it was waiting
  bool has_begun_ = false;   ///< all components of a heterogeneous job are there
  bool is_waiting_ = true;   ///< for the other nodes, with the main process
  NodeRoster nodes_;
  FileRelay files_;
  std::unique_ptr<HetSide> het_;  ///< of a component of a heterogeneous job
  std::map<int64_t, std::pair<StepServer*, int>> keys_;  ///< of shares whose connection is still to come
  std::vector<std::unique_ptr<StepServer>> steps_;
  std::set<std::shared_ptr<Channel>> clients_;  ///< known, and without a step so far
  int next_step_ = 0;
  int64_t next_key_ = 1;
  std::shared_ptr<Channel> owner_;
  Outcome last_step_;  ///< how the step that ended last did
  std::optional<Outcome> main_outcome_;  ///< how the main process ended, while steps still run
  std::optional<Outcome> outcome_;
  int exit_code_ = 0;  ///< of launch
};

}  // namespace launcher

#endif  // LAUNCHER_JOB_FIRST_NODE_H_
