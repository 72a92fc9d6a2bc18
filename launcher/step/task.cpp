#include "step/task.h"

#include <poll.h>

#include <csignal>
#include <cstring>
#include <utility>

#include "node/daemon_line.h"
#include "step/task_script.h"
#include "text/error.h"

namespace launcher {
namespace {

constexpr size_t kReadAtOnce = 64 * 1024;

int ExitStatus(int code) { return (code & 0xff) << 8; }

void SetNonBlocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

UniqueFd OpenNull(int flags) { return UniqueFd(open("/dev/null", flags | O_CLOEXEC)); }

/// A program around the task: in its world, but for what it is and its streams.
SpawnPlan PlanOfScript(const SpawnPlan& task, const std::string& path) {
  SpawnPlan plan = task;
  plan.argv = {path};
  plan.program = path;
  plan.terminal = false;
  return plan;
}

}  // namespace

Task::Task(Loop* loop, Supervisor* supervisor, UsageSampler* sampler, int id, Hooks hooks)
    : loop_(loop),
      supervisor_(supervisor),
      sampler_(sampler),
      id_(id),
      hooks_(std::move(hooks)),
      alive_(std::make_shared<bool>(true)) {}

Task::~Task() {
  *alive_ = false;
  CloseInput();
  if (prolog_output_) loop_->Forget(prolog_output_.get());
  for (Stream& stream : streams_) {
    if (stream.fd) loop_->Forget(stream.fd.get());
  }
}

void Task::Start(Plan plan) {
  plan_ = std::move(plan);
  Begin(plan_.prolog.empty() ? &Task::StartProcess : &Task::StartProlog);
}

/// Where there are no more descriptors or processes to be had, the task ends.
void Task::Begin(void (Task::*phase)()) {
  try {
    (this->*phase)();
  } catch (const LaunchError& error) {
    Say(error.what());
    if (wait_status_ == 0) wait_status_ = ExitStatus(1);
    End();
  }
}

/// Starts a process whose end is told to a member.
Spawned Task::StartProgram(const SpawnPlan& plan, void (Task::*on_exit)(int)) {
  const Spawned spawned =
      supervisor_->Start(plan, [this, alive = alive_, on_exit](int status) { if (*alive) (this->*on_exit)(status); });
  pid_ = spawned.pid;
  return spawned;
}

/// A line of slurmstepd in the task's error stream.
void Task::Say(const std::string& line) { hooks_.output(STDERR_FILENO, DaemonLine(plan_.node_name, line)); }

// Before the task.

void Task::StartProlog() {
  for (const std::string& line : WhyNoProlog(plan_.prolog)) {
    Say(line);
    wait_status_ = ExitStatus(1);
  }
  if (wait_status_ != 0) return End();
  Pipe out = MakePipe();
  const UniqueFd nothing = OpenNull(O_RDWR);
  SpawnPlan plan = PlanOfScript(plan_.process, plan_.prolog);
  plan.in = plan.err = nothing.get();
  plan.out = out.write.get();
  const Spawned spawned = StartProgram(plan, &Task::OnPrologExit);
  prolog_output_ = std::move(out.read);
  SetNonBlocking(prolog_output_.get());
  loop_->WatchRead(prolog_output_.get(), [this] { ReadProlog(); });
  if (spawned.error != 0) OnPrologExit(ExitStatus(spawned.error));
}

void Task::ReadProlog() {
  char buffer[4096];
  ssize_t got;
  while ((got = read(prolog_output_.get(), buffer, sizeof buffer)) > 0) {
    prolog_words_.append(buffer, static_cast<size_t>(got));
  }
  if (got == 0) loop_->Forget(prolog_output_.get());
}

void Task::OnPrologExit(int wait_status) {
  ReadProlog();  // what its own children still write nobody waits for
  loop_->Forget(prolog_output_.get());
  prolog_output_.Reset();
  if (wait_status != 0) {
    Say("--task-prolog failed status=" + std::to_string(ShellCode(wait_status)));
    wait_status_ = wait_status;
    return End();
  }
  const PrologWords words = ReadPrologWords(prolog_words_);
  // There is no terminal yet that could turn its lines into what a terminal shows.
  if (!words.printed.empty()) hooks_.output(plan_.has_terminal ? STDERR_FILENO : STDOUT_FILENO, words.printed);
  const Environment before = plan_.process.environment;
  plan_.process.environment.Merge(words.set);
  for (const std::string& name : words.unset) plan_.process.environment.Unset(name);
  Begin(&Task::StartProcess);
  plan_.process.environment = before;  // the epilog knows nothing of it
}

// The task.

void Task::StartProcess() {
  phase_ = Phase::kTask;
  Pipe in, out, err = MakePipe();  // by `err` nobody but the epilog may speak
  if (!OpenInAndOut(&in, &out)) return;
  const UniqueFd nothing = OpenNull(O_RDWR);
  const Pipe& errors = plan_.has_terminal ? out : err;
  plan_.process.in = plan_.has_input ? in.read.get() : nothing.get();
  plan_.process.out = plan_.has_output ? out.write.get() : nothing.get();
  plan_.process.err = plan_.has_output ? errors.write.get() : nothing.get();
  plan_.process.terminal = plan_.has_terminal;
  const bool has_program = !plan_.process.argv.empty();  // a line of a --multi-prog file may have none
  const Spawned spawned = has_program ? StartProgram(plan_.process, &Task::OnExit) : Spawned{-1, ENOENT, 0};
  if (spawned.pid > 0) sampler_->Watch(spawned.pid);
  const std::string preamble = plan_.preamble(spawned.pid);
  if (!preamble.empty() && spawned.error == 0) hooks_.output(STDERR_FILENO, preamble);
  if (!plan_.epilog.empty()) write_err_ = std::move(err.write);
  OpenStreams(&out, &err);
  if (plan_.has_input && spawned.error == 0) {
    in_ = std::move(in.write);
    SetNonBlocking(in_.get());
    WriteInput();
  }
  if (spawned.chdir_error != 0) {
    Say(ChdirFailure(plan_.process.work_dir, spawned.chdir_error));
  }
  if (spawned.error != 0) {
    Say(has_program ? ExecFailure(plan_.process.argv[0], plan_.process, spawned.error)
                    : "No executable program specified for this task");
    OnExit(ExitStatus(spawned.error));  // as slurmstepd does: errno is the exit code
  }
}

/// False: there is no terminal for it, and it has ended.
bool Task::OpenInAndOut(Pipe* in, Pipe* out) {
  if (!plan_.has_terminal) {
    *in = MakePipe();
    *out = MakePipe();
    return true;
  }
  std::optional<PseudoTerminal> terminal = OpenPseudoTerminal(plan_.window);
  if (terminal) {
    *in = std::move(terminal->in);
    *out = std::move(terminal->out);
    return true;
  }
  Say(std::string("cannot open a pseudo terminal: ") + std::strerror(errno));
  wait_status_ = ExitStatus(1);
  End();
  return false;
}

void Task::OpenStreams(Pipe* out, Pipe* err) {
  streams_[0].fd = std::move(out->read);
  streams_[1].fd = std::move(err->read);
  for (int stream : {0, 1}) {
    SetNonBlocking(streams_[stream].fd.get());
    WatchStream(stream);
  }
}

void Task::OnExit(int wait_status) {
  if (pid_ > 0) {
    kill(-pid_, SIGKILL);  // its background children
    used_ = sampler_->Ended(pid_, supervisor_->used());
  }
  pid_ = -1;
  wait_status_ = wait_status;
  CloseInput();
  if (plan_.epilog.empty()) return End();
  Begin(&Task::StartEpilog);
}

// Behind the task.

void Task::StartEpilog() {
  phase_ = Phase::kEpilog;
  const std::vector<std::string> problems = WhyNoEpilog(plan_.epilog);
  for (const std::string& line : problems) Say(line);
  if (!problems.empty()) return End();
  for (int stream : {0, 1}) Drain(stream);  // what the task has said comes first
  const UniqueFd nothing = OpenNull(O_RDWR);
  SpawnPlan plan = PlanOfScript(plan_.process, plan_.epilog);
  plan.in = plan.out = nothing.get();
  plan.err = write_err_.get();
  const Spawned spawned = StartProgram(plan, &Task::OnEpilogExit);
  if (spawned.error != 0) OnEpilogExit(ExitStatus(spawned.error));
}

void Task::OnEpilogExit(int wait_status) {
  Drain(1);  // what it has said itself comes before what is said of it
  if (wait_status != 0) Say("TaskEpilog failed status=" + std::to_string(wait_status));
  End();
}

void Task::End() {
  phase_ = Phase::kOver;
  pid_ = -1;
  write_err_.Reset();
  CloseInput();
  taken_ = SIZE_MAX;  // nobody waits for it
  hooks_.input_taken();
  // From here on an empty pipe is a finished one, whoever else still holds it: look once, poll says nothing of it.
  loop_->Later([this, alive = alive_] {
    for (int stream : {0, 1}) {
      if (*alive) Drain(stream);
    }
    if (*alive) ReportIfOver();
  });
}

void Task::ReportIfOver() {
  const bool is_over = phase_ == Phase::kOver && (streams_[0].is_done || !streams_[0].fd) && (streams_[1].is_done || !streams_[1].fd);
  if (!is_over || std::exchange(is_reported_, true)) return;
  hooks_.ended(wait_status_);
}

// Its output.

void Task::WatchStream(int stream) {
  loop_->WatchRead(streams_[stream].fd.get(), [this, stream] { ReadStream(stream); });
}

void Task::ReadStream(int stream) {
  char buffer[kReadAtOnce];
  const int fd = streams_[stream].fd.get();
  if (hooks_.is_full()) return loop_->ForgetRead(fd);
  const ssize_t got = read(fd, buffer, sizeof buffer);
  if (got > 0) return hooks_.output(stream + 1, std::string_view(buffer, static_cast<size_t>(got)));
  if (got < 0 && errno == EINTR) return;
  // Empty, and the task has gone: what its children may still write to the pipe ends with it.
  if (got < 0 && errno == EAGAIN && phase_ != Phase::kOver) return;
  CloseStream(stream);
  ReportIfOver();
}

/// Reads what is there, as far as it is taken.
void Task::Drain(int stream) {
  while (streams_[stream].fd && !hooks_.is_full()) {
    pollfd readable = {streams_[stream].fd.get(), POLLIN, 0};
    if (phase_ != Phase::kOver && poll(&readable, 1, 0) == 0) return;
    ReadStream(stream);
  }
}

void Task::CloseStream(int stream) {
  loop_->Forget(streams_[stream].fd.get());
  streams_[stream].fd.Reset();
  streams_[stream].is_done = true;
}

void Task::Resume() {
  for (int stream : {0, 1}) {
    if (!streams_[stream].fd) continue;
    WatchStream(stream);
    if (phase_ == Phase::kOver) Drain(stream);
  }
}

// Its input.

void Task::Input(std::string_view bytes) {
  const bool may_come = plan_.has_input && (in_ || phase_ == Phase::kProlog);
  if (!may_come) return SkipInput(bytes.size());
  if (bytes.empty()) end_of_input_ = !plan_.has_terminal;  // a terminal has no end, but that it hangs up
  pending_in_ += bytes;
  if (in_) WriteInput();
}

void Task::SkipInput(size_t bytes) {
  if (phase_ != Phase::kOver) taken_ += bytes;
}

void Task::WriteInput() {
  while (!pending_in_.empty()) {
    const ssize_t written = write(in_.get(), pending_in_.data(), pending_in_.size());
    if (written > 0) {
      taken_ += static_cast<size_t>(written);
      pending_in_.erase(0, static_cast<size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      return loop_->WatchWrite(in_.get(), [this] {
        WriteInput();
        hooks_.input_taken();
      });
    }
    return CloseInput();  // the task has closed its end
  }
  if (end_of_input_) return CloseInput();
  loop_->ForgetWrite(in_.get());
}

void Task::CloseInput() {
  taken_ += pending_in_.size();
  pending_in_.clear();
  if (!in_) return;
  loop_->Forget(in_.get());
  in_.Reset();
}

void Task::Resize(const WindowSize& size) {
  plan_.window = size;
  if (plan_.has_terminal && in_) SetWindowSize(in_.get(), size);
}

void Task::Signal(int signal) {
  if (pid_ <= 0 || (phase_ == Phase::kEpilog && signal != SIGKILL)) return;
  kill(-pid_, signal);
}

}  // namespace launcher
