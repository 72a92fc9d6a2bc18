#include "step/share_runner.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "mpi/mpi_rank.h"
#include "node/runtime_dir.h"

namespace launcher {

ShareRunner::ShareRunner(Loop* loop, Supervisor* supervisor, ShareSink* sink, StepShare share, const NodeWorld& world)
    : loop_(loop),
      sink_(sink),
      share_(std::move(share)),
      binding_(share_.world.binding, share_.held, static_cast<int>(share_.tasks.size()), world.ground),
      sampler_(loop),
      alive_(std::make_shared<bool>(true)),
      running_(share_.tasks.size()) {
  for (size_t index = 0; index < share_.tasks.size(); ++index) {
    const int id = share_.tasks[index];
    Task::Hooks hooks;
    hooks.output = [this, id](int stream, std::string_view bytes) { sink_->Output(id, stream, bytes); };
    hooks.is_full = [this] { return sink_->IsFull(); };
    hooks.input_taken = [this] { CountInput(); };
    hooks.ended = [this, id, index](int wait_status) {
      --running_;
      sink_->TaskEnded(id, wait_status, tasks_[index]->used());
      EndIfOver();
    };
    tasks_.push_back(std::make_unique<Task>(loop, supervisor, &sampler_, id, std::move(hooks)));
  }
  for (size_t i = 0; i < tasks_.size(); ++i) StartTask(i, world);
  EndIfOver();
}

ShareRunner::~ShareRunner() { *alive_ = false; }

SpawnPlan ShareRunner::PlanOfTask(size_t index, const NodeWorld& world) const {
  SpawnPlan plan;
  plan.argv = share_.world.programs.empty() ? share_.world.command : share_.world.programs.at(index);
  plan.environment = EnvironmentOf(share_, static_cast<int>(index), binding_, world);
  plan.cpus = binding_.cpus(static_cast<int>(index));
  // As slurmstepd does it: the task's own PATH decides, its first word becomes what was found, and /bin/sh reads no file.
  const std::string* path = plan.environment.Find("PATH");
  if (!plan.argv.empty()) {
    plan.program = path ? FindProgram(plan.argv[0], *path, share_.world.work_dir) : plan.argv[0];
    plan.argv[0] = plan.program;
    if (share_.world.by_mpirun) {
      plan.program = OwnPath();
      plan.argv.insert(plan.argv.begin(), {plan.program, kMpiTaskCommand});
    }
  }
  plan.is_shell_script = false;
  plan.work_dir = share_.world.work_dir;
  plan.umask = static_cast<unsigned>(share_.world.umask);
  plan.rlimits = share_.world.rlimits;
  plan.pid_variable = kTaskPidName;
  return plan;
}

void ShareRunner::StartTask(size_t index, const NodeWorld& world) {
  Task::Plan plan;
  plan.process = PlanOfTask(index, world);
  plan.has_input = share_.streams.input_task == kInputAll || share_.streams.input_task == share_.tasks[index];
  if (share_.streams.terminal) {
    plan.has_terminal = plan.has_output = plan.has_input = share_.tasks[index] == 0;
    plan.window = share_.streams.window;
  }
  plan.prolog = share_.world.prolog;
  plan.epilog = share_.world.epilog;
  plan.node_name = share_.node_name;
  plan.preamble = [this, index](pid_t pid) {
    return binding_.Lines(static_cast<int>(index), share_.tasks[index], share_.node_name, pid);
  };
  tasks_[index]->Start(std::move(plan));
}

void ShareRunner::EndIfOver() {
  if (running_ == 0) loop_->Later([this, alive = alive_] { if (*alive) sink_->ShareEnded(); });
}

void ShareRunner::OnFrame(Frame type, std::string_view payload) {
  if (type == Frame::kTerminate) return Terminate();
  Unpacker fields(payload);
  if (type == Frame::kSignal) return Signal(static_cast<int>(fields.Number()));
  if (type == Frame::kStdin) {
    const auto task = static_cast<uint32_t>(fields.Number());
    return Input(task, fields.Rest());
  }
  if (type != Frame::kWindow) return;
  const WindowSize size{static_cast<int>(fields.Number()), static_cast<int>(fields.Number())};
  for (const auto& task : tasks_) task->Resize(size);
}

void ShareRunner::Input(uint32_t task_id, std::string_view bytes) {
  input_received_ += bytes.size();
  for (const auto& task : tasks_) {
    const bool is_meant = task_id == kAllTasks || static_cast<int>(task_id) == task->id();
    if (is_meant) {
      task->Input(bytes);
    } else {
      task->SkipInput(bytes.size());
    }
  }
  CountInput();
}

void ShareRunner::CountInput() {
  size_t taken = input_received_;
  for (const auto& task : tasks_) taken = std::min(taken, task->taken());
  if (taken <= input_reported_) return;
  sink_->InputTaken(taken - input_reported_);
  input_reported_ = taken;
}

void ShareRunner::Signal(int signal) {
  for (const auto& task : tasks_) task->Signal(signal);
}

void ShareRunner::Resume() {
  for (const auto& task : tasks_) task->Resume();
}

ShareUsage ShareRunner::Measure() const {
  const ProcessTree tree;
  ShareUsage usage;
  usage.node = share_.node_name;
  for (const auto& task : tasks_) {
    if (task->pid() > 0) usage.Measure(task->id(), task->pid(), tree);
  }
  return usage;
}

void ShareRunner::Terminate() {
  if (std::exchange(is_ending_, true)) return;
  Signal(SIGCONT);
  Signal(SIGTERM);
  loop_->After(share_.grace, [this, alive = alive_] { if (*alive) Signal(SIGKILL); });
}

}  // namespace launcher
