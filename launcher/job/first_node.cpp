#include "job/first_node.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "channel/node_link.h"
#include "job/main_plan.h"
#include "mpi/mpi.h"
#include "node/daemon_line.h"
#include "node/slurm_env.h"
#include "os/process_tree.h"
#include "step/step_usage.h"

namespace launcher {
namespace {

constexpr double kReleaseSeconds = 5;
constexpr double kEndingSeconds = 1;
constexpr double kMomentSeconds = 0.5;
constexpr double kLastStepSeconds = 0.5;  ///< mpirun does not wait for the srun by which it started its daemons
constexpr double kLastWordsSeconds = 2;  ///< in which an srun writes what is left to write
constexpr double kArrivalSeconds = 10;  ///< the platform starts a job's nodes within a few seconds of each other
constexpr const char* kFailed = "FAILED (non-zero exit code or other failure mode)";  ///< a step, as slurmstepd says it
constexpr int kOutputFileSignal = 53;  ///< what Slurm reports when the output file cannot be opened

Outcome Ended(const char* state, const char* reason, int code, int signal) {
  return Outcome{state, reason, code, signal};
}

int ExitCode(const Outcome& outcome) { return outcome.signal != 0 ? 128 + outcome.signal : outcome.code; }

}  // namespace

FirstNode::FirstNode(const LaunchSpec& spec, const Place& place, const Environment& own)
    : spec_(spec),
      place_(place),
      own_(own),
      supervisor_(&loop_, [this](int signal) { OnSignal(signal); }),
      sampler_(&loop_),
      credentials_{spec.submission, spec.secret},
      reporter_(spec, place),
      base_(BaseEnvironment(spec, own)),
      directory_(spec, place, own),
      world_(WorldOf(spec, place, own, directory_.path())),
      ground_{&spec, &place, JobEnvironment(spec, place)},
      ledger_(*spec.job),
      waiting_steps_(&loop_, {[this](const auto& client, const StepRequest& request) { return StartStep(client, request); },
                              [this](const auto& client, const char* why) { RefuseStep(client, StepRefusal(why)); },
                              [this](const auto& client) { OnClientGone(client); }}),
      nodes_(&loop_, static_cast<int>(place.names.size()),
             [this](int node, Frame type, std::string_view payload) {
               if (type == Frame::kFileDone) files_.OnNodeFrame(node, payload);
             },
             [this](int node) { OnNodeLost(node); }),
      files_(place, [this](int node, Frame type, const std::string& payload) { nodes_.Send(node, type, payload); }),
      het_(MakeHetSide(&loop_, spec, place, ground_.job_environment,
                       {[this] { Begin(); },
                        [this](const Outcome& outcome, const std::string& why) { EndWithOthers(outcome, why); },
                        [this](const auto& client) { OnClient(client); }})) {}

int FirstNode::Run() {
  if (place_.names.size() > 1 || (het_ && !spec_.job->is_component())) {
    tcp_listener_ = ListenForNodes(place_.first_addresses, ChannelPorts(spec_.submission));
    AcceptOn(tcp_listener_.get(), false);
    loop_.After(kStartPatience, [this] { MissNodes(); });
  }
  unix_listener_ = directory_.Listen();
  AcceptOn(unix_listener_.get(), true);
  het_ ? het_->Start() : Begin();
  loop_.Run();
  reporter_.End(*outcome_);
  return exit_code_;
}

/// The job starts, and its time counts.
void FirstNode::Begin() {
  has_begun_ = true;
  if (het_) ground_.job_environment.Merge(het_->Variables());
  reporter_.Start();
  StartTimers();
  AwaitOwner();
  StartMain();
}

// The main process.

void FirstNode::StartMain() {
  is_waiting_ = !has_begun_ || (spec_.limits.wait_all_nodes && !nodes_.have_all_come());
  if (is_waiting_) return;
  for (const auto& client : std::exchange(untold_, {})) TellAllocation(client);
  if (spec_.role == Role::kTasks) return StartTasks();
  if (!spec_.is_held_allocation()) StartScript();
}

void FirstNode::AwaitOwner() {
  if (!spec_.owner) return;
  loop_.After(static_cast<double>(*spec_.owner), [this] {
    if (!owner_) Cancel("", Ended("CANCELLED", "None", 0, SIGTERM));
  });
}

/// What a command needs to know that works in the allocation from outside: it starts with that, when the main process would.
void FirstNode::TellAllocation(const std::shared_ptr<Channel>& client) {
  if (is_waiting_) return untold_.push_back(client);
  client->Send(Frame::kAllocationTold, Packer().Texts(AllocationEnvironment(ground_.job_environment).Words()).payload());
}

/// --wait-all-nodes: when the last of them has come, or is given up.
void FirstNode::StartWaitingMain() {
  if (is_waiting_ && !outcome_) StartMain();
}

void FirstNode::StartScript() {
  try {
    streams_ = OpenBatchStreams(spec_.stdio, FactsOf(ground_.job_environment, spec_.job->id, place_.name()), spec_.umask);
  } catch (const LaunchError& error) {
    Say(error.what());
    return End(Ended("FAILED", SignalReason(kOutputFileSignal).c_str(), 0, kOutputFileSignal), 0);
  }
  SpawnPlan plan = PlanOfScript(spec_, place_, own_, base_, directory_);
  SetDefaults(world_.mpi, &plan.environment);
  if (het_) plan.environment.Merge(het_->Variables());
  plan.in = streams_.in.get();
  plan.out = streams_.out_fd();
  plan.err = streams_.err_fd();
  const Spawned spawned = StartMainProcess(plan);
  if (spawned.chdir_error != 0) Say(ChdirFailure(plan.work_dir, spawned.chdir_error));
  if (spawned.error == 0) return;
  const std::string what = spec_.script ? spec_.script->name : spec_.command[0];
  Say(ExecFailure(what.empty() ? "script" : what, plan, spawned.error));
  End(Ended("FAILED", "NonZeroExitCode", spawned.error, 0), 0);
}

/// Role tasks is one step, and this launch is its srun.
void FirstNode::StartTasks() {
  SpawnPlan plan = PlanOfStep(spec_, base_, directory_);
  const UniqueFd nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  plan.in = nothing.get();
  const Spawned spawned = StartMainProcess(plan);
  if (spawned.error != 0) throw LaunchError(std::string("cannot start srun: ") + std::strerror(spawned.error), 1);
}

Spawned FirstNode::StartMainProcess(const SpawnPlan& plan) {
  const Spawned spawned = supervisor_.Start(plan, [this](int status) { OnMainExit(status); });
  main_pid_ = spawned.pid;
  if (main_pid_ > 0) sampler_.Watch(main_pid_);
  return spawned;
}

void FirstNode::OnMainExit(int wait_status) {
  UsageSummary used;
  used.Add(0, 0, sampler_.Ended(main_pid_, supervisor_.used()));
  if (spec_.role == Role::kBatch) reporter_.Used("batch", used);
  main_pid_ = -1;
  if (outcome_) {  // it was told to end, and how it did is still the job's exit code
    const Outcome ended = OutcomeOf(wait_status);
    outcome_->code = ended.code;
    outcome_->signal = ended.signal;
    return KillRest();
  }
  main_outcome_ = OutcomeOf(wait_status);
  if (steps_.empty()) return End(*main_outcome_, 0);
  loop_.After(kLastStepSeconds, [this] { EndSteps(); });
}

// Those who connect.

void FirstNode::AcceptOn(int listener, bool local) {
  loop_.WatchRead(listener, [this, listener, local] {
    UniqueFd fd(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) return;
    const bool is_own = local && IsOwnUid(fd.get());
    const auto channel = std::make_shared<Channel>(&loop_, std::move(fd));
    ServeHandshake(&loop_, channel, credentials_, is_own,
                   [this](const std::shared_ptr<Channel>& known, const Peer& peer) { OnPeer(known, peer); });
  });
}

void FirstNode::OnPeer(const std::shared_ptr<Channel>& channel, const Peer& peer) {
  if (peer.kind == "node") return JoinNode(static_cast<int>(peer.node), channel);
  if (peer.kind == "share") return OnShare(channel, peer.node);
  if (het_ && (peer.kind == "component" || peer.kind == "relay" || IsForOther(peer, *spec_.job->het))) return het_->OnPeer(channel, peer);
  if (peer.kind == "owner") OnOwner(channel);
  OnClient(channel);
}

void FirstNode::JoinNode(int node, const std::shared_ptr<Channel>& channel) {
  nodes_.Join(node, channel);
  StartWaitingMain();
}

void FirstNode::OnNodeLost(int node) {
  files_.NodeLost(node);
  for (const auto& step : steps_) step->NodeLost(node);  // also of a job that is ending: they wait for their tasks
  if (outcome_) return;
  const std::string& name = place_.names[static_cast<size_t>(node)];
  if (spec_.limits.no_kill) {
    Say("error: node " + name + " has failed; the job goes on without it");
    ledger_.Lose(node);
    waiting_steps_.Retry();  // some may never fit again
    return StartWaitingMain();
  }
  Cancel(" DUE TO NODE FAILURE, the connection to " + name + " broke", Ended("NODE_FAIL", "NodeDown", 0, SIGTERM));
}

void FirstNode::MissNodes() {
  for (const int node : nodes_.Missing()) nodes_.Lose(node);
}

void FirstNode::OnOwner(const std::shared_ptr<Channel>& channel) { owner_ = channel; }

void FirstNode::OnClient(const std::shared_ptr<Channel>& channel) {
  clients_.insert(channel);
  channel->Listen(
      [this, channel](Frame type, std::string_view payload) {
        if (type == Frame::kCreateStep) return CreateStep(channel, payload);
        if (files_.OnClientFrame(channel, type, payload)) return;
        if (type == Frame::kSignalJob) {
          Unpacker fields(payload);
          const int signal = static_cast<int>(fields.Number());
          return channel->Send(Frame::kSignalled, Packer().Number(SignalJob(signal, fields.Number())).payload());
        }
        if (type == Frame::kUsage) return MeasureSteps(channel);
        if (type == Frame::kStepNumber) return channel->Send(Frame::kStepNumberTold, Packer().Number(next_step_++).payload());
        if (type == Frame::kAllocation) return TellAllocation(channel);
        if (type != Frame::kEndAllocation || channel != owner_) return;
        Unpacker fields(payload);
        const int status = static_cast<int>(fields.Number());
        const int signal = static_cast<int>(fields.Number());
        if (signal != 0) return Cancel("", Ended("CANCELLED", "None", 0, signal));
        // srun knows a task that a signal has ended by its exit code only.
        const bool is_signal = last_step_.signal != 0 && status == (128 + last_step_.signal) << 8;
        End(OutcomeOf(is_signal ? last_step_.signal : status), 0);
      },
      [this, channel] { OnClientGone(channel); });
}

void FirstNode::OnClientGone(const std::shared_ptr<Channel>& channel) {
  files_.ClientLost(channel.get());
  loop_.Later([this, channel] {
    clients_.erase(channel);
    KillRest();
  });
  if (channel == owner_) Cancel("", Ended("CANCELLED", "None", 0, SIGTERM));
}

void FirstNode::CreateStep(const std::shared_ptr<Channel>& channel, std::string_view payload) {
  loop_.Later([this, channel] { clients_.erase(channel); });
  StepRequest request;
  try {
    request = StepRequest::Unpack(payload);
  } catch (const LaunchError& error) {
    return RefuseStep(channel, StepRefusal(error.what()));
  }
  if (StartStep(channel, request)) return;
  // Nobody needs to hear of what is free in a moment: what an srun that has failed leaves behind, or the daemons of an
  // mpirun, which does not wait for the srun that started them.
  const bool one_is_ending = std::any_of(steps_.begin(), steps_.end(), [](const auto& step) { return step->is_ending(); });
  waiting_steps_.Add(channel, std::move(request), one_is_ending ? kEndingSeconds : kMomentSeconds);
}

/// Starts a step, or refuses it; false when it has to wait.
bool FirstNode::StartStep(const std::shared_ptr<Channel>& channel, const StepRequest& request) {
  StepServer::Hooks hooks;
  hooks.start_remote = [this](StepServer* step, int node, int share) { return StartRemoteShare(step, node, share); };
  hooks.file = [this](const std::shared_ptr<Channel>& client, Frame type, std::string_view fields) {
    files_.OnClientFrame(client, type, fields);
  };
  hooks.lost = [this](int node) { nodes_.Lose(node); };
  hooks.ended = [this](StepServer* step) { OnStepEnded(step); };
  try {
    if (outcome_ || directory_.IsToEnd()) throw StepRefusal(kStepIsOver);  // its end may still be on its way
    std::optional<StepLayout> layout = LayOutStep(request, ground_, ledger_);
    if (!layout) return false;
    steps_.push_back(std::make_unique<StepServer>(&loop_, &supervisor_, channel, channel == owner_,
                                                  request.number >= 0 ? request.number : next_step_, request,
                                                  std::move(*layout), ground_, hooks));
  } catch (const StepRefusal& refusal) {
    RefuseStep(channel, refusal);
    return true;
  } catch (const LaunchError& error) {
    RefuseStep(channel, StepRefusal(error.what()));
    return true;
  }
  StepServer& step = *steps_.back();
  Take(step.layout(), &ledger_);
  if (step.is_counted()) {
    if (request.number < 0) ++next_step_;
    reporter_.Step(step.Report());
  }
  step.Start(world_);
  return true;
}

void FirstNode::RefuseStep(const std::shared_ptr<Channel>& channel, const StepRefusal& refusal) {
  channel->Send(Frame::kStepRefused, Packer().Text(refusal.what()).Texts(refusal.before()).payload());
  OnClient(channel);
}

bool FirstNode::StartRemoteShare(StepServer* step, int node, int share) {
  if (nodes_.is_lost(node)) return false;
  const int64_t key = next_key_++;
  keys_[key] = {step, share};
  nodes_.Send(node, Frame::kStartShare, Packer().Number(key).payload());
  return true;
}

void FirstNode::OnShare(const std::shared_ptr<Channel>& channel, int64_t key) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return channel->Close();
  const auto [step, share] = found->second;
  keys_.erase(found);
  step->Attach(share, channel);
}

void FirstNode::OnStepEnded(StepServer* step) {
  StepReport report = step->Report();
  if (outcome_ && report.outcome.signal != 0) report.outcome.state = "CANCELLED";  // it did not end by itself
  if (step->is_counted()) {
    reporter_.Used(std::to_string(step->id()), step->usage());
    reporter_.Step(report);
    last_step_ = report.outcome;
  } else {
    reporter_.Count(step->usage());  // the daemons of an mpirun, and so its ranks
  }
  for (auto key = keys_.begin(); key != keys_.end();) {
    key = key->second.first == step ? keys_.erase(key) : std::next(key);
  }
  GiveBack(step->layout(), &ledger_);
  const std::shared_ptr<Channel> client = step->client();
  if (!client->is_open()) files_.ClientLost(client.get());  // it may have been copying a program
  steps_.erase(std::find_if(steps_.begin(), steps_.end(), [step](const auto& other) { return other.get() == step; }));
  if (client->is_open()) {
    OnClient(client);  // an owner still has to end the allocation
  } else if (client == owner_) {
    Cancel("", Ended("CANCELLED", "None", 0, SIGTERM));
  }
  waiting_steps_.Retry();
  if (main_outcome_ && steps_.empty()) End(*main_outcome_, kLastWordsSeconds);
  KillRest();
}

/// What the batch script and the steps have used; what nodes have to be asked for comes when they have answered.
void FirstNode::MeasureSteps(const std::shared_ptr<Channel>& client) {
  const auto query = std::make_shared<UsageQuery>(client);
  if (main_pid_ > 0 && spec_.script) {
    ShareUsage script;
    script.node = place_.name();
    script.Measure(0, main_pid_, ProcessTree());
    query->Add(kBatchScript, script);
  }
  for (const auto& step : steps_) {
    if (step->is_counted()) step->Measure(query);
  }
}

// Limits and the end.

/// scancel --signal. Returns how many steps and processes of the script were there to get it.
int FirstNode::SignalJob(int signal, int64_t target) {
  int count = 0;
  if (target == kBatchScript || target == kWholeJob) count += SignalScript(signal, target == kWholeJob);
  if (target == kBatchScript) return count;
  for (const auto& step : steps_) {
    if (!step->is_counted() || (target >= 0 && step->id() != target)) continue;
    signal == 0 ? step->Kill() : step->Signal(signal);
    ++count;
  }
  return count;
}

int FirstNode::SignalScript(int signal, bool with_children) {
  if (main_pid_ <= 0 || !spec_.script) return 0;
  if (signal == SIGTERM || signal == SIGKILL) SayCancelled("");  // it may go on all the same, if it is not KILL
  std::vector<pid_t> processes = with_children ? ProcessTree().Below(main_pid_) : std::vector<pid_t>();
  processes.push_back(main_pid_);  // last: a shell that gets it first may start new ones
  for (const pid_t pid : processes) kill(pid, signal);
  return static_cast<int>(processes.size());
}

void FirstNode::StartTimers() {
  const Limits& limits = spec_.limits;
  if (!limits.seconds) return;
  const auto seconds = static_cast<double>(*limits.seconds);
  loop_.After(seconds, [this] { Cancel(" DUE TO TIME LIMIT", Ended("TIMEOUT", "TimeLimit", 0, SIGTERM)); });
  if (limits.signal) loop_.After(std::max(0.0, seconds - static_cast<double>(limits.warn)), [this] { SendWarning(); });
}

void FirstNode::SendWarning() {
  if (outcome_) return;
  SignalJob(*spec_.limits.signal, spec_.limits.batch_only ? kBatchScript : kEveryStep);
}

void FirstNode::OnSignal(int signal) {
  if (signal == SIGTERM || signal == SIGINT) Cancel(directory_.Why(), Ended("CANCELLED", kTerminatedReason, 0, SIGTERM));
}

void FirstNode::Cancel(const std::string& why, const Outcome& outcome) {
  if (outcome_) return;
  SayCancelled(why);
  for (const auto& step : steps_) step->Abort(CancelledAt(why));
  Supervisor::TerminateAll();
  End(outcome, static_cast<double>(spec_.limits.grace), why);
}

/// Of a heterogeneous job: all components end alike.
void FirstNode::EndWithOthers(const Outcome& outcome, const std::string& why) {
  if (outcome.state != "COMPLETED" && outcome.state != "FAILED") return Cancel(why, outcome);
  for (const auto& step : steps_) step->Abort(CancelledAt());
  End(outcome, static_cast<double>(spec_.limits.grace), why);
}

/// Once, as slurmstepd does, however often the script is told to end.
void FirstNode::SayCancelled(const std::string& why) {
  if (std::exchange(has_said_cancelled_, true) || spec_.job->is_component()) return;  // the leader has the script
  Say("*** JOB " + std::to_string(spec_.job->id) + " ON " + place_.name() + " " + CancelledAt(why) + " ***");
}

/// The first outcome stands: a script that ends because it was cancelled has been cancelled.
void FirstNode::End(const Outcome& outcome, double grace, const std::string& why) {
  if (outcome_) return;
  outcome_ = outcome;
  exit_code_ = ExitCode(outcome);
  waiting_steps_.RefuseAll(kStepIsOver);
  for (const auto& step : steps_) step->Terminate();
  nodes_.EndJob();
  if (het_) het_->EndJob(outcome, why);
  if (owner_) owner_->Send(Frame::kEndJob);
  supervisor_.EndAll(grace, [this] { ReleaseNodes(); });
}

/// The script has ended, and its steps have not.
void FirstNode::EndSteps() {
  if (outcome_) return;
  const bool has_failed = main_outcome_->code != 0 || main_outcome_->signal != 0;
  for (const auto& step : steps_) step->Abort(has_failed ? kFailed : CancelledAt());
  End(*main_outcome_, static_cast<double>(spec_.limits.grace));
}

/// What the script and its steps have left behind does not get the grace time: it is killed when every srun has said what it
/// had to say. Source: slurmstepd, which kills the script's container when the script has ended.
void FirstNode::KillRest() {
  if (!outcome_ || main_pid_ > 0 || !steps_.empty()) return;
  const bool all_said = std::all_of(clients_.begin(), clients_.end(), [this](const auto& client) { return client == owner_; });
  supervisor_.EndAll(all_said ? 0 : kLastWordsSeconds, [this] { ReleaseNodes(); });
}

/// Waits until the other nodes have gone, too, so that nothing of the job runs when it is said to have ended.
void FirstNode::ReleaseNodes() {
  if (std::exchange(is_releasing_, true)) return;
  const int64_t until = MonotonicMs() + static_cast<int64_t>(1000 * (kReleaseSeconds + static_cast<double>(spec_.limits.grace)));
  const int64_t arrival_until = MonotonicMs() + static_cast<int64_t>(1000 * kArrivalSeconds);
  const auto look = std::make_shared<std::function<void()>>();
  *look = [this, until, arrival_until, look] {
    // A node that comes when we have gone would look for us for minutes.
    const bool all_came = (nodes_.Missing().empty() && (!het_ || het_->have_all_come())) || MonotonicMs() > arrival_until;
    if ((nodes_.is_empty() && (!het_ || het_->is_empty()) && all_came) || MonotonicMs() > until) {
      *look = nullptr;
      return loop_.Stop();
    }
    loop_.After(0.01, *look);
  };
  loop_.Later(*look);
}

/// A line of Slurm's daemon in the job's error stream.
void FirstNode::Say(const std::string& line) const {
  const std::string text = DaemonLine(place_.name(), line);
  if (write(streams_.err_fd(), text.data(), text.size()) < 0) return;  // a full disk: the report still says how it ended
}

}  // namespace launcher
