#include "srun.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>

#include "handshake.h"
#include "process.h"
#include "runtime_dir.h"
#include "signals.h"
#include "srun_io.h"
#include "srun_options.h"
#include "srun_request.h"

extern char** environ;

namespace launcher {
namespace {

constexpr size_t kInputWindow = 512 * 1024;  ///< bytes of standard input on their way to the tasks
constexpr size_t kReadAtOnce = 64 * 1024;
constexpr double kGatherSeconds = 0.05;      ///< exits that come together are told together

void Say(const std::string& line) { std::fprintf(stderr, "srun: %s\n", line.c_str()); }

/// Task numbers as srun lists them: 0-1,4,7.
std::string FoldTasks(const std::set<int>& tasks) {
  std::string text;
  for (auto task = tasks.begin(); task != tasks.end();) {
    const int first = *task;
    int last = first;
    while (++task != tasks.end() && *task == last + 1) ++last;
    text += (text.empty() ? "" : ",") + std::to_string(first);
    if (last > first) text += "-" + std::to_string(last);
  }
  return text;
}

/// One run of srun, from the request to the last byte of output.
class Client {
 public:
  Client(SrunOptions options, std::string directory, const Environment& own)
      : options_(std::move(options)),
        directory_(std::move(directory)),
        request_(RequestOf(options_, own)),
        signals_({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGTTIN, SIGTTOU}) {
    facts_.job_id = std::atoll(directory_.substr(directory_.rfind('/') + 1).c_str());
    facts_.job_name = options_.job_name.empty() ? own.Get("SLURM_JOB_NAME") : options_.job_name;
    facts_.user = own.Get("SLURM_JOB_USER", own.Get("USER"));
    const std::string array_job = own.Get("SLURM_ARRAY_JOB_ID");
    if (!array_job.empty()) {
      facts_.array_job_id = std::atoll(array_job.c_str());
      facts_.array_task_id = std::atoll(own.Get("SLURM_ARRAY_TASK_ID", "0").c_str());
    }
  }

  int Run() {
    OpenInput();
    UniqueFd socket = ConnectToJob(directory_);
    if (!socket) throw LaunchError("Unable to create step: the job is not running on this node any more", 1);
    channel_ = std::make_shared<Channel>(&loop_, std::move(socket));
    loop_.WatchRead(signals_.fd(), [this] { OnSignals(); });
    const Peer peer{options_.is_owner ? "owner" : "client", 0};
    OpenHandshake(channel_, Credentials{}, peer, [this](const std::optional<std::string>& error) {
      if (error) return Fail("Unable to create step: " + (error->empty() ? "the job has ended" : *error));
      channel_->Send(Frame::kCreateStep, request_.Pack());
      channel_->Listen([this](Frame type, std::string_view payload) { OnFrame(type, payload); }, [this] { OnLost(); });
    });
    loop_.Run();
    return code_;
  }

 private:
  struct Place {
    int node = 0;
    std::string name;
  };

  /// Standard input as --input says: a file, one task's, nobody's, or everybody's.
  void OpenInput() {
    const std::string& mode = options_.input;
    input_ = STDIN_FILENO;
    if (mode.empty() || mode == "all") return;
    if (mode.find_first_not_of("0123456789") == std::string::npos) {
      request_.streams.input_task = std::stoi(mode);
      return;
    }
    if (mode == "none") {
      request_.streams.input_task = kInputNone;
      input_ = -1;
      return;
    }
    input_file_.Reset(open(ExpandFilename(mode, facts_).c_str(), O_RDONLY | O_CLOEXEC));
    if (!input_file_) throw LaunchError(std::string("Could not open stdin file: ") + std::strerror(errno), 1);
    input_ = input_file_.get();
  }

  void OnFrame(Frame type, std::string_view payload) {
    Unpacker fields(payload);
    switch (type) {
      case Frame::kStepRefused:
        return Fail("Unable to create step for job " + std::to_string(facts_.job_id) + ": " + fields.Text());
      case Frame::kStepCreated:
        return OnCreated(&fields);
      case Frame::kOutput: {
        const int task = static_cast<int>(fields.Number());
        OutputPlan* plan = fields.Number() == 1 ? out_.get() : err_.get();
        const Place& place = places_[task];
        plan->Write(task, place.node, place.name, fields.Rest());
        if (plan->is_full()) channel_->Pause();
        return;
      }
      case Frame::kStdinTaken:
        input_on_its_way_ -= static_cast<size_t>(fields.Number());
        return WatchInput();
      case Frame::kTaskEnded: {
        const int task = static_cast<int>(fields.Number());
        return OnTaskEnded(task, static_cast<int>(fields.Number()));
      }
      case Frame::kNodeLost:
        return Error("Node failure on " + fields.Text());
      case Frame::kStepEnded:
        is_over_ = true;
        return FinishWhenWritten();
      default:
        return;
    }
  }

  void OnCreated(Unpacker* fields) {
    step_ = static_cast<int>(fields->Number());
    const int nodes = static_cast<int>(fields->Number());
    for (int node = 0; node < nodes; ++node) {
      const std::string name = fields->Text();
      for (const int task : fields->Numbers()) places_[task] = Place{node, name};
    }
    facts_.step = step_;
    if (!places_.empty()) facts_.node_name = places_.begin()->second.name;
    out_ = std::make_unique<OutputPlan>(&loop_, options_.output, STDOUT_FILENO, options_.append, facts_);
    // A file for --output takes standard error, too, unless --error says otherwise.
    const bool is_shared = options_.error.empty() ? !options_.output.empty() : options_.error == options_.output;
    err_ = std::make_unique<OutputPlan>(&loop_, is_shared ? options_.output : options_.error, STDERR_FILENO,
                                        options_.append, facts_);
    try {
      OpenFiles(out_.get());
      if (is_shared) {
        err_->ShareWith(out_.get());
      } else {
        OpenFiles(err_.get());
      }
    } catch (const LaunchError& error) {
      Abort();
      return Fail(error.what());
    }
    for (OutputPlan* plan : {out_.get(), err_.get()}) {
      if (options_.streams.label) plan->SetLabels(static_cast<int>(places_.size()));
      plan->OnEmptied([this] { OnWritten(); });
    }
    WatchInput();
  }

  /// Also those that nothing will be written to: they are there, and empty, as Slurm's.
  void OpenFiles(OutputPlan* plan) {
    plan->OpenShared();
    for (const auto& [task, place] : places_) plan->OpenForTask(task, place.node, place.name);
  }

  // Standard input.

  void WatchInput() {
    if (input_ < 0 || is_over_) return;
    if (input_on_its_way_ >= kInputWindow) return loop_.ForgetRead(input_);
    loop_.WatchRead(input_, [this] { ReadInput(); });
  }

  void ReadInput() {
    char buffer[kReadAtOnce];
    const ssize_t got = read(input_, buffer, sizeof buffer);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    const uint32_t task = request_.streams.input_task >= 0 ? static_cast<uint32_t>(request_.streams.input_task) : kAllTasks;
    if (got <= 0) {  // also a terminal that we may not read from the background
      loop_.ForgetRead(input_);
      input_ = -1;
      return channel_->Send(Frame::kStdin, Packer().Number(task).Rest({}));
    }
    channel_->Send(Frame::kStdin, Packer().Number(task).Rest(std::string_view(buffer, static_cast<size_t>(got))));
    input_on_its_way_ += static_cast<size_t>(got);
    WatchInput();
  }

  // How tasks end.

  void OnTaskEnded(int task, int status) {
    out_->Finish(task);
    err_->Finish(task);
    ++ended_;
    code_ = std::max(code_, ShellCode(status));
    if (status != 0) {
      if (told_.empty()) loop_.After(kGatherSeconds, [this] { TellExits(); });
      told_[{places_[task].name, status}].insert(task);
      was_signaled_ = was_signaled_ || WIFSIGNALED(status);
      if (options_.limits.kill_on_bad_exit > 0) EndOthers();
    }
    if (ended_ == 1 && options_.limits.wait_seconds > 0) {
      loop_.After(options_.limits.wait_seconds, [this] {
        if (is_over_) return;
        Say("First task exited " + std::to_string(options_.limits.wait_seconds) + "s ago");
        EndOthers();
      });
    }
  }

  void TellExits() {
    for (const auto& [where, tasks] : told_) {
      const auto& [node, status] = where;
      const std::string how = WIFSIGNALED(status)
                                  ? SignalDescription(WTERMSIG(status)) + (WCOREDUMP(status) ? " (core dumped)" : "")
                                  : "Exited with exit code " + std::to_string(WEXITSTATUS(status));
      Error(node + ": task" + (tasks.size() > 1 ? "s " : " ") + FoldTasks(tasks) + ": " + how);
    }
    told_.clear();
  }

  void EndOthers() {
    if (is_ending_ || ended_ == places_.size()) return;
    TellExits();
    Say("launch/slurm: _step_signal: Terminating StepId=" + StepId());
    Abort();
  }

  // Signals, and the end.

  void OnSignals() {
    while (const int signal = signals_.Next()) {
      if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP) {
        OnTerminate(signal);
      } else if (signal != SIGPIPE && signal != SIGTTIN && signal != SIGTTOU) {
        channel_->Send(Frame::kSignal, Packer().Number(signal).payload());
      }
    }
  }

  void OnTerminate(int signal) {
    if (ended_by_ == 0) {
      Say("forcing job termination");
      Say("Job step aborted: Waiting up to 32 seconds for job step to finish.");
      ended_by_ = signal;
      return Abort();
    }
    channel_->Send(Frame::kSignal, Packer().Number(SIGKILL).payload());  // asked twice
  }

  void Abort() {
    is_ending_ = true;
    channel_->Send(Frame::kTerminate);
  }

  void OnWritten() {
    if (!out_->is_full() && !err_->is_full()) channel_->Resume();
    if (is_over_) FinishWhenWritten();
  }

  void FinishWhenWritten() {
    if (!out_->is_empty() || !err_->is_empty()) return;
    TellExits();
    if (was_signaled_ && !options_.quiet) Say("Force Terminated StepId=" + StepId());
    if (ended_by_ != 0) code_ = 128 + ended_by_;
    Leave();
  }

  void OnLost() {
    if (is_over_) return;
    Error("the job has ended, and this step with it");
    code_ = std::max(code_, 1);
    loop_.Stop();
  }

  void Fail(const std::string& why) {
    Error(why);
    code_ = options_.failure_code;
    Leave();
  }

  void Leave() {
    if (options_.is_owner) {
      channel_->Send(Frame::kEndAllocation, Packer().Number(code_).Number(ended_by_).payload());
      channel_->Finish(5);
    }
    loop_.Stop();
  }

  void Error(const std::string& line) { Say("error: " + line); }
  std::string StepId() const { return std::to_string(facts_.job_id) + "." + std::to_string(step_); }

  SrunOptions options_;
  std::string directory_;
  StepRequest request_;
  Loop loop_;
  SignalScope signals_;
  FilenameFacts facts_;
  std::shared_ptr<Channel> channel_;
  int step_ = 0;
  std::map<int, Place> places_;
  std::unique_ptr<OutputPlan> out_;
  std::unique_ptr<OutputPlan> err_;
  int input_ = -1;
  UniqueFd input_file_;
  size_t input_on_its_way_ = 0;
  std::map<std::pair<std::string, int>, std::set<int>> told_;  ///< by node and wait status: exits not told yet
  size_t ended_ = 0;
  bool was_signaled_ = false;
  bool is_over_ = false;
  bool is_ending_ = false;
  int ended_by_ = 0;  ///< the signal by which the user ended us
  int code_ = 0;
};

/// The exit code of a failure, by which it can be told from one of the tasks'. Source: srun(1), SLURM_EXIT_ERROR.
/// The login side's srun, which became this one where the allocation is its own, has complained of the variable already.
int FailureCode(const Environment& environment, bool complains) {
  const std::string* text = environment.Find("SLURM_EXIT_ERROR");
  if (!text) return 1;
  const int code = static_cast<int>(std::strtol(text->c_str(), nullptr, 10));
  if (code == 0 && complains) Say("error: SLURM_EXIT_ERROR has zero value");
  return code == 0 ? 1 : code;
}

}  // namespace

int SrunMain(const std::vector<std::string>& args) {
  const Environment own = Environment::FromEnvp(environ);
  SrunOptions options;
  try {
    options = ReadSrunOptions(args, own);
  } catch (const UsageError& error) {
    std::fprintf(stderr, "srun: %s\n", error.what());
    return error.exit_code();
  }
  options.failure_code = FailureCode(own, !options.is_owner);
  if (!options.answer.empty()) {
    std::puts(options.answer.c_str());
    return 0;
  }
  if (!options.login_side.empty()) return RunForeign("srun", {options.login_side});
  if (options.world.command.empty()) {
    Say("fatal: No command given to execute.");
    return 1;
  }
  for (const std::string& warning : options.warnings) {
    if (!options.quiet) Say(warning);
  }
  Environment looked_up = own;
  if (!options.job_id.empty()) looked_up.Set("SLURM_JOB_ID", options.job_id);
  std::optional<std::string> directory = options.job_dir;
  if (options.job_dir.empty()) directory = FindJobDir(looked_up);
  if (!directory) {
    const std::string id = looked_up.Get("SLURM_JOB_ID");
    Say("error: Unable to confirm allocation for job " + (id.empty() ? "(none)" : id) + ": Invalid job id specified");
    Say("Check SLURM_JOB_ID environment variable. Expired or invalid job " + id);
    return options.failure_code;
  }
  return Client(std::move(options), *directory, own).Run();
}

}  // namespace launcher
