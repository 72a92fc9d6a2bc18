#include "step.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include "mpi.h"
#include "runtime_dir.h"

namespace launcher {
namespace {

constexpr size_t kReadAtOnce = 64 * 1024;

int ExitStatus(int code) { return (code & 0xff) << 8; }

void SetNonBlocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

/// The step's GPUs on this node, as the node numbers them.
std::vector<int> HeldGpus(const NodeHolding& held, const NodeWorld& world) {
  std::vector<int> gpus;
  for (const int index : held.gpus) gpus.push_back(world.gpus.at(static_cast<size_t>(index)));
  return gpus;
}

/// The environment of one task: the step's, and what is true on this node and of this task only.
Environment EnvironmentOf(const StepShare& share, int local, const NodeWorld& world) {
  const auto index = static_cast<size_t>(share.node);
  StepFacts facts;
  facts.id = share.step;
  facts.nodes.resize(index + 1);
  facts.nodes[index] = share.node_name;
  facts.tasks.resize(index + 1);
  facts.tasks[index] = share.tasks;
  Environment base = Environment::FromWords(share.world.environment);
  base.Set(kJobDirName, world.job_dir);
  SetDefaults(world.mpi, &base);
  base.PrependPath("PATH", world.job_dir + "/bin");
  return TaskEnvironment(base, facts, StepNode{share.node, static_cast<int>(share.held.cpus.size()), HeldGpus(share.held, world)}, local);
}

}  // namespace

std::string StepShare::Pack() const {
  Packer packer;
  packer.Number(step).Number(node).Text(node_name).Numbers(tasks);
  held.Pack(&packer);
  world.Pack(&packer);
  streams.Pack(&packer);
  limits.Pack(&packer);
  packer.Number(static_cast<int64_t>(grace));
  return packer.payload();
}

StepShare StepShare::Unpack(std::string_view payload) {
  Unpacker fields(payload);
  StepShare share;
  share.step = static_cast<int>(fields.Number());
  share.node = static_cast<int>(fields.Number());
  share.node_name = fields.Text();
  share.tasks = fields.Numbers();
  share.held = NodeHolding::Unpack(&fields);
  share.world = TaskWorld::Unpack(&fields);
  share.streams = StreamRequest::Unpack(&fields);
  share.limits = StepLimits::Unpack(&fields);
  share.grace = static_cast<double>(fields.Number());
  return share;
}

ShareRunner::ShareRunner(Loop* loop, Supervisor* supervisor, ShareSink* sink, StepShare share,
                         const NodeWorld& world)
    : loop_(loop),
      supervisor_(supervisor),
      sink_(sink),
      share_(std::move(share)),
      alive_(std::make_shared<bool>(true)) {
  for (size_t i = 0; i < share_.tasks.size(); ++i) StartTask(i, world);
  EndIfOver();
}

ShareRunner::~ShareRunner() {
  *alive_ = false;
  for (const auto& task : tasks_) {
    CloseInput(task.get());
    for (Stream& stream : task->streams) {
      if (stream.fd) loop_->Forget(stream.fd.get());
    }
  }
}

void ShareRunner::StartTask(size_t index, const NodeWorld& world) {
  tasks_.push_back(std::make_unique<Task>());
  Task* task = tasks_.back().get();
  task->id = share_.tasks[index];
  const bool has_input = share_.streams.input_task == kInputAll || share_.streams.input_task == task->id;
  Pipe in = MakePipe(), out = MakePipe(), err = MakePipe();
  const UniqueFd nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  SpawnPlan plan;
  plan.argv = share_.world.command;
  plan.environment = EnvironmentOf(share_, static_cast<int>(index), world);
  plan.work_dir = share_.world.work_dir;
  plan.umask = static_cast<unsigned>(share_.world.umask);
  plan.rlimits = world.rlimits;
  plan.in = has_input ? in.read.get() : nothing.get();
  plan.out = out.write.get();
  plan.err = err.write.get();
  plan.pid_variable = true;
  const Spawned spawned =
      supervisor_->Start(plan, [this, alive = alive_, task](int status) { if (*alive) OnExit(task, status); });
  task->pid = spawned.pid;
  task->streams[0].fd = std::move(out.read);
  task->streams[1].fd = std::move(err.read);
  for (int stream : {0, 1}) {
    SetNonBlocking(task->streams[stream].fd.get());
    WatchStream(task, stream);
  }
  if (has_input && spawned.error == 0) {
    task->in = std::move(in.write);
    SetNonBlocking(task->in.get());
  }
  const std::string prefix = "slurmstepd-" + share_.node_name + ": error: ";
  if (spawned.chdir_error != 0) {
    sink_->Output(task->id, 2, prefix + "couldn't chdir to `" + share_.world.work_dir + "': " +
                                   std::strerror(spawned.chdir_error) + ": going to /tmp instead\n");
  }
  if (spawned.error != 0) {
    sink_->Output(task->id, 2, prefix + "execve(): " + share_.world.command[0] + ": " + std::strerror(spawned.error) + "\n");
    OnExit(task, ExitStatus(spawned.error));  // as slurmstepd does: errno is the exit code
  }
}

void ShareRunner::WatchStream(Task* task, int stream) {
  loop_->WatchRead(task->streams[stream].fd.get(), [this, task, stream] { ReadStream(task, stream); });
}

void ShareRunner::ReadStream(Task* task, int stream) {
  char buffer[kReadAtOnce];
  const int fd = task->streams[stream].fd.get();
  if (sink_->IsFull()) {
    loop_->ForgetRead(fd);
    return;
  }
  const ssize_t got = read(fd, buffer, sizeof buffer);
  if (got > 0) {
    sink_->Output(task->id, stream + 1, std::string_view(buffer, static_cast<size_t>(got)));
    return;
  }
  if (got < 0 && errno == EINTR) return;
  // Empty, and the task has gone: what its children may still write to the pipe ends with it.
  if (got < 0 && errno == EAGAIN && !task->has_exited) return;
  CloseStream(task, stream);
  ReportIfOver(task);
}

void ShareRunner::Drain(Task* task, int stream) {
  while (!task->streams[stream].is_done && !sink_->IsFull()) ReadStream(task, stream);
}

void ShareRunner::CloseStream(Task* task, int stream) {
  loop_->Forget(task->streams[stream].fd.get());
  task->streams[stream].fd.Reset();
  task->streams[stream].is_done = true;
}

void ShareRunner::Resume() {
  for (const auto& task : tasks_) {
    for (int stream : {0, 1}) {
      if (task->streams[stream].is_done) continue;
      WatchStream(task.get(), stream);
      if (task->has_exited) Drain(task.get(), stream);
    }
  }
}

void ShareRunner::OnExit(Task* task, int wait_status) {
  if (task->pid > 0) kill(-task->pid, SIGKILL);  // its background children
  task->has_exited = true;
  task->wait_status = wait_status;
  task->taken = input_received_;
  CloseInput(task);
  CountInput();
  // From here on an empty pipe is a finished one, whoever else still holds it: look once, poll says nothing of it.
  for (int stream : {0, 1}) {
    loop_->Later([this, alive = alive_, task, stream] { if (*alive) Drain(task, stream); });
  }
  loop_->Later([this, alive = alive_, task] { if (*alive) ReportIfOver(task); });
}

void ShareRunner::ReportIfOver(Task* task) {
  if (!task->has_exited || task->is_reported || !task->streams[0].is_done || !task->streams[1].is_done) return;
  task->is_reported = true;
  sink_->TaskEnded(task->id, task->wait_status);
  EndIfOver();
}

void ShareRunner::EndIfOver() {
  const bool is_over = std::all_of(tasks_.begin(), tasks_.end(), [](const auto& task) { return task->is_reported; });
  if (is_over) loop_->Later([this, alive = alive_] { if (*alive) sink_->ShareEnded(); });
}

void ShareRunner::Input(uint32_t task_id, std::string_view bytes) {
  input_received_ += bytes.size();
  for (const auto& task : tasks_) {
    const bool is_meant = task_id == kAllTasks || static_cast<int>(task_id) == task->id;
    if (!is_meant || !task->in) {
      task->taken += bytes.size();
    } else if (bytes.empty()) {
      task->end_of_input = true;
      WriteInput(task.get());
    } else {
      task->pending_in += bytes;
      WriteInput(task.get());
    }
  }
  CountInput();
}

void ShareRunner::WriteInput(Task* task) {
  while (!task->pending_in.empty()) {
    const ssize_t written = write(task->in.get(), task->pending_in.data(), task->pending_in.size());
    if (written > 0) {
      task->taken += static_cast<size_t>(written);
      task->pending_in.erase(0, static_cast<size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      loop_->WatchWrite(task->in.get(), [this, task] {
        WriteInput(task);
        CountInput();
      });
      return;
    }
    task->taken += task->pending_in.size();  // the task has closed its input
    task->pending_in.clear();
    CloseInput(task);
    return;
  }
  if (task->end_of_input) return CloseInput(task);
  loop_->ForgetWrite(task->in.get());
}

void ShareRunner::CloseInput(Task* task) {
  if (!task->in) return;
  loop_->Forget(task->in.get());
  task->in.Reset();
}

void ShareRunner::CountInput() {
  size_t taken = input_received_;
  for (const auto& task : tasks_) taken = std::min(taken, task->taken);
  if (taken <= input_reported_) return;
  sink_->InputTaken(taken - input_reported_);
  input_reported_ = taken;
}

void ShareRunner::Signal(int signal) {
  for (const auto& task : tasks_) {
    if (task->pid > 0 && !task->has_exited) kill(-task->pid, signal);
  }
}

void ShareRunner::Terminate() {
  if (is_ending_) return;
  is_ending_ = true;
  Signal(SIGCONT);
  Signal(SIGTERM);
  loop_->After(share_.grace, [this, alive = alive_] { if (*alive) Signal(SIGKILL); });
}

}  // namespace launcher
