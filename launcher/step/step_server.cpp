#include "step/step_server.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <numeric>
#include <set>
#include <utility>

#include "channel/handshake.h"
#include "channel/node_link.h"
#include "node/daemon_line.h"
#include "text/hostlist.h"

namespace launcher {
namespace {

/// What srun -E leaves as it is. Source: compat/captures/*/tasks/preserve_env.
constexpr const char* kCounts[] = {"SLURM_NNODES", "SLURM_NTASKS", "SLURM_NPROCS", "SLURM_TASKS_PER_NODE"};

constexpr int kKilled = 9;  ///< wait status of a process that SIGKILL ended

}  // namespace

/// A share as the first node sees it: its tasks, and what carries its frames.
struct StepServer::Share {
  int number = 0;
  int node = 0;  ///< within the job
  std::set<int> running;
  std::unique_ptr<ShareSink> sink;        ///< of the local one
  std::unique_ptr<ShareRunner> runner;    ///< of the local one
  std::shared_ptr<Channel> channel;       ///< of a remote one, once it has connected
  std::vector<std::pair<Frame, std::string>> waiting;  ///< for that
  size_t input_taken = 0;
  bool is_over = false;
  std::deque<std::shared_ptr<UsageQuery>> asked;  ///< a remote one, which has not answered yet
};

class StepServer::LocalSink : public ShareSink {
 public:
  LocalSink(StepServer* step, Share* share) : step_(step), share_(share) {}
  void Output(int task, int stream, std::string_view bytes) override {
    step_->client_->Send(Frame::kOutput, Packer().Number(task).Number(stream).payload(), bytes);
  }
  void TaskEnded(int task, int wait_status, const Usage& used) override {
    step_->usage_.Add(task, share_->number, used);
    step_->TaskEnded(share_, task, wait_status);
  }
  void InputTaken(size_t bytes) override { step_->InputTaken(share_, bytes); }
  void ShareEnded() override { step_->ShareEnded(share_); }
  bool IsFull() const override { return step_->client_->is_full(); }

 private:
  StepServer* step_;
  Share* share_;
};

StepServer::StepServer(Loop* loop, Supervisor* supervisor, std::shared_ptr<Channel> client, bool is_alone, int id,
                       StepRequest request, StepLayout layout, const StepGround& ground, Hooks hooks)
    : loop_(loop),
      supervisor_(supervisor),
      client_(std::move(client)),
      job_id_(ground.spec->job->id),
      id_(id),
      request_(std::move(request)),
      layout_(std::move(layout)),
      job_environment_(ground.job_environment),
      grace_(static_cast<double>(ground.spec->limits.grace)),
      own_node_(ground.place->node),
      hooks_(std::move(hooks)),
      start_(Now()) {
  CheckBinding(request_.world.binding);
  facts_.id = id_;
  for (const int node : layout_.nodes) facts_.nodes.push_back(ground.place->names[static_cast<size_t>(node)]);
  facts_.tasks = layout_.tasks;
  facts_.distribution = layout_.distribution;
  facts_.distribution_given = !request_.placement.distribution.empty();
  facts_.inside_job = !is_alone;
  facts_.label = request_.streams.label;
  facts_.umask = static_cast<mode_t>(request_.world.umask);
  if (!ground.place->first_addresses.empty()) facts_.launcher_address = ground.place->first_addresses.front();
  facts_.launcher_port = ChannelPorts(ground.spec->submission).front();
  const Environment asked = Environment::FromWords(request_.world.environment);
  if (request_.world.by_mpirun) MpiWireUp::Check(asked);
  if (const pid_t pid = PeerPid(client_->fd())) {
    srun_ = asked.Get("SLURMD_NODENAME", ground.spec->job->submit_host) + ":" + std::to_string(pid);
  }
  ComposeEnvironment(facts_);

  for (size_t i = 0; i < layout_.nodes.size(); ++i) {
    auto share = std::make_unique<Share>();
    share->number = static_cast<int>(i);
    share->node = layout_.nodes[i];
    share->running.insert(layout_.tasks[i].begin(), layout_.tasks[i].end());
    shares_.push_back(std::move(share));
  }
}

void StepServer::ComposeEnvironment(const StepFacts& facts) {
  const Environment asked = Environment::FromWords(request_.world.environment);
  environment_ = StepEnvironment(asked, job_environment_, facts);
  for (const char* name : kCounts) {
    if (request_.world.keep_counts && asked.Has(name)) environment_.Set(name, asked.Get(name));
  }
}

/// From now on tasks have their numbers within the whole.
void StepServer::JoinWhole(const WholeStep& whole) {
  whole_ = whole;
  for (auto& tasks : layout_.tasks) {
    for (int& task : tasks) task += whole.first_task;
  }
  for (const auto& share : shares_) {
    const auto& tasks = layout_.tasks[static_cast<size_t>(share->number)];
    share->running = std::set<int>(tasks.begin(), tasks.end());
  }
  StepFacts facts = facts_;
  facts.nodes = whole.nodes;
  facts.tasks.clear();
  for (const int count : whole.tasks_per_node) facts.tasks.emplace_back(static_cast<size_t>(count));  // how many is what counts
  ComposeEnvironment(facts);
}

void StepServer::Start(const NodeWorld& world) {
  world_ = &world;
  Packer created;
  created.Number(id_).Number(static_cast<int64_t>(layout_.nodes.size()));
  for (size_t i = 0; i < layout_.nodes.size(); ++i) created.Text(facts_.nodes[i]).Numbers(layout_.tasks[i]);
  client_->Send(Frame::kStepCreated, created.payload());
  client_->Listen([this](Frame type, std::string_view payload) { OnClientFrame(type, payload); },
                  [this] { Terminate(); });
  client_->OnDrained([this] {
    for (const auto& share : shares_) {
      if (share->runner) share->runner->Resume();
      if (share->channel) share->channel->Resume();
    }
  });
  if (!request_.is_held) StartShares();
}

void StepServer::StartShares() {
  is_started_ = true;
  if (request_.limits.seconds > 0) {
    timer_ = loop_->After(static_cast<double>(request_.limits.seconds), [this] { Cancel(" DUE TO TIME LIMIT"); });
  }
  std::vector<Share*> lost;
  for (const auto& share : shares_) {  // the others first: they start while we do
    if (share->node != own_node_ && !hooks_.start_remote(this, share->node, share->number)) lost.push_back(share.get());
  }
  for (const auto& share : shares_) {
    if (share->node != own_node_) continue;
    share->sink = std::make_unique<LocalSink>(this, share.get());
    share->runner = std::make_unique<ShareRunner>(loop_, supervisor_, share->sink.get(), Describe(*share), *world_);
    for (const auto& [type, payload] : std::exchange(share->waiting, {})) Forward(share.get(), type, payload);
  }
  for (Share* share : lost) ShareLost(share);
  if (!request_.world.by_mpirun) return;
  try {
    mpi_ = std::make_unique<MpiWireUp>(loop_, supervisor_, DescribeForMpirun(), world_->job_dir, world_->mpi,
                                       [this](const std::string& said) { OnMpirunFailed(said); });
  } catch (const LaunchError& error) {
    OnMpirunFailed(error.what());
  }
}

MpiStep StepServer::DescribeForMpirun() const {
  MpiStep step{job_id_, id_, facts_.nodes, CountTasks(layout_.tasks), {}, environment_};
  for (size_t i = 0; i < layout_.tasks.size(); ++i) {
    for (const int task : layout_.tasks[i]) {
      step.node_of_task.resize(std::max(step.node_of_task.size(), static_cast<size_t>(task) + 1));
      step.node_of_task[static_cast<size_t>(task)] = facts_.nodes[i];
    }
  }
  return step;
}

/// One rank that leaves without a word ends the step, as Slurm's PMIx does it.
void StepServer::OnMpirunFailed(const std::string& said) {
  // A task that has ended said itself why, and mpirun only repeats it.
  const bool all_run = std::all_of(shares_.begin(), shares_.end(), [this](const auto& share) {
    return share->running.size() == layout_.tasks[static_cast<size_t>(share->number)].size();
  });
  if (all_run) Say(said);
  EndAtOnce();
}

StepServer::~StepServer() {
  if (timer_) loop_->Cancel(*timer_);
  client_->OnDrained(nullptr);
  for (const auto& share : shares_) {
    if (share->channel) share->channel->Close();
  }
}

StepShare StepServer::Describe(const Share& share) const {
  StepShare described;
  described.step = id_;
  described.node = whole_.first_node + share.number;
  described.node_name = facts_.nodes[static_cast<size_t>(share.number)];
  described.tasks = layout_.tasks[static_cast<size_t>(share.number)];
  described.held = layout_.holdings[static_cast<size_t>(share.number)];
  described.world = request_.world;
  if (!program_.empty()) described.world.command[0] = program_ + (is_program_per_node_ ? "_" + described.node_name : "");
  described.world.environment = environment_.Words();
  described.streams = request_.streams;
  if (!request_.world.programs.empty()) {
    described.world.programs.clear();
    for (const int task : described.tasks) {
      described.world.programs.push_back(request_.world.programs.at(static_cast<size_t>(task - whole_.first_task)));
    }
  }
  int tasks = 0;
  for (const auto& of_node : layout_.tasks) tasks += static_cast<int>(of_node.size());
  if (!whole_.nodes.empty()) tasks = std::accumulate(whole_.tasks_per_node.begin(), whole_.tasks_per_node.end(), 0);
  if (request_.streams.input_task >= tasks) described.streams.input_task = kInputAll;
  described.grace = grace_;
  return described;
}

void StepServer::Attach(int number, std::shared_ptr<Channel> channel) {
  Share* share = shares_.at(static_cast<size_t>(number)).get();
  if (share->is_over || share->channel) return channel->Close();
  share->channel = std::move(channel);
  share->channel->Listen(
      [this, share](Frame type, std::string_view payload) { OnShareFrame(share, type, payload); },
      [this, share] {
        if (!share->is_over) hooks_.lost(share->node);
      });
  share->channel->Send(Frame::kShare, Describe(*share).Pack());
  for (const auto& [type, payload] : share->waiting) share->channel->Send(type, payload);
  share->waiting.clear();
}

void StepServer::OnStartStep(std::string_view payload) {
  if (is_started_ || is_ending_) return;
  Unpacker fields(payload);
  program_ = fields.Text();
  is_program_per_node_ = fields.Number() != 0;
  const WholeStep whole = WholeStep::Unpack(&fields);
  if (!whole.nodes.empty()) JoinWhole(whole);
  StartShares();
}

void StepServer::OnClientFrame(Frame type, std::string_view payload) {
  if (type == Frame::kTerminate) return Terminate();
  if (type == Frame::kStartStep) return OnStartStep(payload);
  if (type == Frame::kWindow) return Resize(payload);
  if (!is_started_) hooks_.file(client_, type, payload);
  Unpacker fields(payload);
  if (type == Frame::kSignal) {
    const int signal = static_cast<int>(fields.Number());
    if (signal != SIGKILL) return Signal(signal);
    // The job's end has told the tasks already, and gives them their time.
    return is_ending_ ? void() : EndAtOnce();
  }
  if (type != Frame::kStdin) return;
  fields.Number();
  input_received_ += fields.Rest().size();
  for (const auto& share : shares_) {
    if (!share->is_over) Forward(share.get(), type, payload);
  }
  ReportInputTaken();
}

/// A share that has not started yet will start with it.
void StepServer::Resize(std::string_view payload) {
  Unpacker fields(payload);
  request_.streams.window = WindowSize{static_cast<int>(fields.Number()), static_cast<int>(fields.Number())};
  if (!is_started_) return;
  for (const auto& share : shares_) {
    if (!share->is_over) Forward(share.get(), Frame::kWindow, payload);
  }
}

void StepServer::Forward(Share* share, Frame type, std::string_view payload) {
  if (share->runner) {
    share->runner->OnFrame(type, payload);
  } else if (share->channel) {
    share->channel->Send(type, payload);
  } else {
    share->waiting.emplace_back(type, payload);
  }
}

void StepServer::OnShareFrame(Share* share, Frame type, std::string_view payload) {
  Unpacker fields(payload);
  if (type == Frame::kOutput) {
    client_->Send(type, payload);
    if (client_->is_full()) share->channel->Pause();
  } else if (type == Frame::kTaskEnded) {
    const int task = static_cast<int>(fields.Number());
    const int wait_status = static_cast<int>(fields.Number());
    usage_.Add(task, share->number, UnpackUsageOfTask(&fields));
    TaskEnded(share, task, wait_status);
  } else if (type == Frame::kStdinTaken) {
    InputTaken(share, static_cast<size_t>(fields.Number()));
  } else if (type == Frame::kUsageTold && !share->asked.empty()) {
    share->asked.front()->Add(id_, ShareUsage::Unpack(&fields));
    share->asked.pop_front();
  } else if (type == Frame::kStepEnded) {
    share->channel->Close();
    ShareEnded(share);
  }
}

void StepServer::TaskEnded(Share* share, int task, int wait_status) {
  share->running.erase(task);
  if (ShellCode(wait_status) > (outcome_.signal ? 128 + outcome_.signal : outcome_.code)) {
    outcome_ = OutcomeOf(wait_status);
  }
  client_->Send(Frame::kTaskEnded, Packer().Number(task).Number(wait_status).payload());
}

void StepServer::InputTaken(Share* share, size_t bytes) {
  share->input_taken += bytes;
  ReportInputTaken();
}

/// What every share has taken that still runs: one that has ended takes nothing any more, and wants nothing.
void StepServer::ReportInputTaken() {
  size_t taken = input_received_;
  for (const auto& share : shares_) {
    if (!share->is_over) taken = std::min(taken, share->input_taken);
  }
  if (taken <= input_reported_) return;
  client_->Send(Frame::kStdinTaken, Packer().Number(static_cast<int64_t>(taken - input_reported_)).payload());
  input_reported_ = taken;
}

bool StepServer::is_over() const {
  return std::all_of(shares_.begin(), shares_.end(), [](const auto& share) { return share->is_over; });
}

void StepServer::ShareEnded(Share* share) {
  if (share->is_over) return;
  share->is_over = true;
  share->asked.clear();
  if (!is_over()) return ReportInputTaken();
  client_->Send(Frame::kStepEnded);
  loop_->Later([this] { hooks_.ended(this); });
}

void StepServer::ShareLost(Share* share) {
  if (share->is_over) return;
  client_->Send(Frame::kNodeLost, Packer().Text(facts_.nodes[static_cast<size_t>(share->number)]).payload());
  const std::set<int> lost = share->running;
  for (const int task : lost) TaskEnded(share, task, kKilled);
  ShareEnded(share);
  if (!request_.limits.no_kill) Cancel(" DUE TO NODE FAILURE");
}

void StepServer::NodeLost(int node) {
  for (const auto& share : shares_) {
    if (share->node == node && is_started_) ShareLost(share.get());
  }
}

void StepServer::Measure(const std::shared_ptr<UsageQuery>& query) {
  for (const auto& share : shares_) {
    if (share->is_over) continue;
    if (share->runner) query->Add(id_, share->runner->Measure());
    if (!share->channel) continue;
    share->asked.push_back(query);
    share->channel->Send(Frame::kUsage);
  }
}

void StepServer::Pass(int signal) {
  for (const auto& share : shares_) {
    if (!share->is_over) Forward(share.get(), Frame::kSignal, Packer().Number(signal).payload());
  }
}

/// Of KILL slurmstepd says nothing when it comes as a signal, and not as the end of the step.
void StepServer::Signal(int signal) {
  if (signal == SIGTERM) SayEnd(CancelledAt());
  if (!is_started_ && (signal == SIGTERM || signal == SIGKILL)) return Terminate();
  Pass(signal);
}

void StepServer::EndAtOnce() {
  SayEnd(CancelledAt());
  Signal(SIGKILL);
}

void StepServer::Cancel(const std::string& why) {
  if (is_ending_ || is_over()) return;
  SayEnd(CancelledAt(why));
  Terminate();
}

void StepServer::Abort(const std::string& how) {
  if (is_ending_ || is_over()) return;
  if (is_counted()) {
    client_->Send(Frame::kStepAborted);
    SayEnd(how);
  }
  Terminate();
}

void StepServer::Kill() {
  client_->Send(Frame::kStepAborted);
  EndAtOnce();
}

void StepServer::SayEnd(const std::string& how) const {
  const std::string step = std::to_string(job_id_) + "." + std::to_string(id_);
  Say("*** STEP " + step + " ON " + facts_.nodes.front() + " " + how + " ***");
}

/// A line of Slurm's daemon in the step's error stream, as if its first running task had written it.
void StepServer::Say(const std::string& line) const {
  for (const auto& share : shares_) {
    if (share->running.empty()) continue;
    const std::string text = DaemonLine(facts_.nodes.front(), line);
    return client_->Send(Frame::kOutput, Packer().Number(*share->running.begin()).Number(STDERR_FILENO).Rest(text));
  }
}

void StepServer::Terminate() {
  if (std::exchange(is_ending_, true)) return;
  for (const auto& share : shares_) {
    if (share->is_over) continue;
    if (is_started_) {
      Forward(share.get(), Frame::kTerminate, {});
    } else {
      ShareEnded(share.get());  // there is nothing to end
    }
  }
}

StepReport StepServer::Report() const {
  StepReport report;
  report.step = id_;
  report.name = request_.name;
  report.nodes = FoldHosts(facts_.nodes);
  for (const auto& tasks : layout_.tasks) report.tasks += static_cast<int>(tasks.size());
  for (const NodeHolding& held : layout_.holdings) {
    report.cpus += static_cast<int>(held.cpus.size());
    report.gpus += static_cast<int>(held.gpus.size());
    report.memory_mib += held.memory_mib;
  }
  report.distribution = DistributionName(layout_.distribution);
  report.limit_seconds = request_.limits.seconds;
  report.srun = srun_;
  report.start = start_;
  if (is_over()) report.end = Now();
  report.outcome = outcome_;
  return report;
}

}  // namespace launcher
