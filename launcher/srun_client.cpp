#include "srun_client.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <utility>

#include "handshake.h"
#include "output_plan.h"
#include "runtime_dir.h"
#include "signals.h"
#include "srun_input.h"
#include "srun_interrupt.h"
#include "srun_messages.h"
#include "srun_prelude.h"
#include "srun_request.h"
#include "srun_tasks.h"
#include "srun_verbose.h"

namespace launcher {
namespace {

constexpr double kGatherSeconds = 0.05;  ///< exits that come together are told together
constexpr int kPatienceSeconds = 32;     ///< for a step that was told to end: Slurm's default KillWait and two more

/// One run of srun, from the request to the last byte of output.
class Client {
 public:
  Client(SrunOptions options, std::string directory, const Environment& own)
      : options_(std::move(options)),
        directory_(std::move(directory)),
        messages_(options_.quiet, options_.verbosity),
        signals_({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGALRM, SIGPIPE, SIGTTIN, SIGTTOU}),
        interrupts_(!options_.disable_status, options_.quits_on_interrupt),
        prelude_(&options_, &messages_, own) {
    facts_.job_id = std::atoll(directory_.substr(directory_.rfind('/') + 1).c_str());
    facts_.job_name = own.Get("SLURM_JOB_NAME");
    facts_.user = own.Get("SLURM_JOB_USER", own.Get("USER"));
    const std::string array_job = own.Get("SLURM_ARRAY_JOB_ID");
    if (!array_job.empty()) {
      facts_.array_job_id = std::atoll(array_job.c_str());
      facts_.array_task_id = std::atoll(own.Get("SLURM_ARRAY_TASK_ID", "0").c_str());
    }
    if (messages_.is_verbose()) {
      for (const std::string& line : DescribeRequest(options_, own)) messages_.Verbose(line);
    }
    request_ = RequestOf(options_, own);
    request_.is_held = prelude_.is_needed();
    search_path_ = own.Get("PATH");
    input_ = std::make_unique<SrunInput>(&loop_, options_.input, facts_);
    request_.streams.input_task = input_->input_task();
    out_ = std::make_unique<OutputPlan>(&loop_, WishFor(options_.output, STDOUT_FILENO), facts_);
    // A file for --output takes standard error, too, unless --error says otherwise.
    is_error_with_output_ = options_.error.empty() && !options_.output.empty();
    const std::string& error_mode = is_error_with_output_ ? options_.output : options_.error;
    err_ = std::make_unique<OutputPlan>(&loop_, WishFor(error_mode, STDERR_FILENO), facts_);
  }

  int Run() {
    out_->OpenEarly();
    if (!err_->IsSamePlaceAs(*out_)) err_->OpenEarly();
    UniqueFd socket = ConnectToJob(directory_);
    if (!socket) throw LaunchError("Unable to create step: the job is not running on this node any more", 1);
    channel_ = std::make_shared<Channel>(&loop_, std::move(socket));
    loop_.WatchRead(signals_.fd(), [this] { OnSignals(); });
    const Peer peer{options_.is_owner ? "owner" : "client", 0};
    OpenHandshake(channel_, Credentials{}, peer, [this](const std::optional<std::string>& error) {
      if (error) return Fail("Unable to create step: " + (error->empty() ? "the job has ended" : *error));
      try {
        prelude_.FindFile(request_.world.command[0], search_path_);
      } catch (const LaunchError& missing) {
        messages_.Info(std::string("fatal: ") + missing.what());
        code_ = missing.exit_code();
        return Leave();
      }
      channel_->Send(Frame::kCreateStep, request_.Pack());
      channel_->Listen([this](Frame type, std::string_view payload) { OnFrame(type, payload); }, [this] { OnLost(); });
    });
    loop_.Run();
    return code_;
  }

 private:
  OutputWish WishFor(const std::string& mode, int own_fd) const {
    return OutputWish{mode, own_fd, options_.append, options_.streams.label, options_.unbuffered};
  }

  void OnFrame(Frame type, std::string_view payload) {
    if (has_failed_) return;  // of a step whose files could not be opened, say
    Unpacker fields(payload);
    switch (type) {
      case Frame::kStepRefused:
        return Fail("Unable to create step for job " + std::to_string(facts_.job_id) + ": " + fields.Text());
      case Frame::kStepCreated:
        return OnCreated(&fields);
      case Frame::kOutput: {
        const int task = static_cast<int>(fields.Number());
        OutputPlan* plan = fields.Number() == 1 ? out_.get() : err_.get();
        plan->Write(task, fields.Rest());
        TellFailures(plan);
        if (plan->is_full()) channel_->Pause();
        return;
      }
      case Frame::kStdinTaken:
        return input_->Taken(static_cast<size_t>(fields.Number()));
      case Frame::kTaskEnded: {
        const int task = static_cast<int>(fields.Number());
        return OnTaskEnded(task, static_cast<int>(fields.Number()));
      }
      case Frame::kFileDone:
        return prelude_.OnFileDone(payload);
      case Frame::kNodeLost:
        return messages_.Error("Node failure on " + fields.Text());
      case Frame::kStepEnded:
        is_over_ = true;
        input_->Stop();
        return FinishWhenWritten();
      default:
        return;
    }
  }

  void OnCreated(Unpacker* fields) {
    facts_.step = static_cast<int>(fields->Number());
    is_created_ = true;
    const int nodes = static_cast<int>(fields->Number());
    std::vector<std::string> names;
    for (int node = 0; node < nodes; ++node) {
      const std::string name = fields->Text();
      names.push_back(name);
      for (const int task : fields->Numbers()) tasks_.Add(task, TaskPlace{node, name});
    }
    const std::vector<TaskPlace>& places = tasks_.places();
    try {
      out_->Open(places, *facts_.step);
      if (is_error_with_output_ || err_->IsSamePlaceAs(*out_)) {
        err_->Share(*out_, places);
      } else {
        err_->Open(places, *facts_.step);
      }
      input_->Start(channel_, places, *facts_.step);
    } catch (const LaunchError& error) {
      channel_->Send(Frame::kTerminate);
      return Fail(error.what());
    }
    for (OutputPlan* plan : {out_.get(), err_.get()}) plan->OnEmptied([this] { OnWritten(); });
    if (messages_.is_verbose()) {
      for (const std::string& line : DescribeStep(StepId(), places)) messages_.Verbose(line);
    }
    if (!request_.is_held) return;
    prelude_.Start(channel_, facts_.job_id, *facts_.step, request_.world.work_dir, names, [this] {
      is_ending_ = true;
      code_ = options_.failure_code;
      channel_->Send(Frame::kTerminate);
    });
  }

  // How tasks end.

  void OnTaskEnded(int task, int status) {
    out_->Finish(task);
    err_->Finish(task);
    tasks_.End(task, status);
    if (!is_telling_) {
      is_telling_ = true;
      loop_.After(kGatherSeconds, [this] { TellEnded(); });
    }
    if (status != 0 && options_.limits.kill_on_bad_exit > 0 && !tasks_.have_all_ended()) EndOthers();
    const int wait = options_.limits.wait_seconds;
    if (tasks_.ended() == 1 && wait > 0) {
      loop_.After(wait, [this, wait] {
        if (is_over_ || is_ending_) return;
        TellEnded();
        messages_.Info("First task exited " + std::to_string(wait) + "s ago");
        TellStates();
        TellTerminating();
        End();
      });
    }
  }

  void TellEnded() {
    is_telling_ = false;
    for (const EndedTasks& ended : tasks_.TakeEnded()) {
      messages_.Verbose(ended.Notification(StepId()));
      const std::string line = ended.node + ": " + ended.Names() + ": " + ended.How();
      // Of those that the user's own Ctrl-C ended there is nothing to tell.
      const bool is_expected = ended.wait_status == 0 || (is_cancelled_ && WIFSIGNALED(ended.wait_status));
      if (is_expected) {
        messages_.Verbose("launch/slurm: _task_finish: " + line);
      } else {
        messages_.Error(line);
      }
    }
    if (options_.limits.wait_seconds > 0 && !std::exchange(has_told_wait_, true)) {
      const std::string wait = std::to_string(options_.limits.wait_seconds);
      messages_.Verbose("launch/slurm: _setup_max_wait_timer: First task exited. Terminating job in " + wait + "s");
    }
  }

  /// --kill-on-bad-exit: TERM once; a task that ignores it goes on, as under Slurm.
  void EndOthers() {
    if (std::exchange(is_terminated_, true)) return;
    TellEnded();
    TellTerminating();
    Signal(SIGTERM);
  }

  void TellTerminating() { messages_.Info("launch/slurm: _step_signal: Terminating " + StepId()); }

  void TellStates() {
    for (const std::string& state : tasks_.States()) messages_.Info(StepId() + " " + state);
  }

  // Signals, and the end.

  void OnSignals() {
    while (const int signal = signals_.Next()) {
      if (is_created_) {
        React(interrupts_.On(signal, MonotonicMs()), signal);
      } else if (interrupts_.EndsWaiting(signal)) {
        messages_.Info("Cancelled pending job step with signal " + std::to_string(signal));
        ended_by_ = signal;
        return Fail("Unable to create step for job " + std::to_string(facts_.job_id) +
                    ": Job/step already completing or completed");
      }
    }
  }

  void React(Reaction reaction, int signal) {
    switch (reaction) {
      case Reaction::kNothing:
        return;
      case Reaction::kTellContinued:
        return messages_.Info("got SIGCONT");
      case Reaction::kForward:
        return Signal(signal);
      case Reaction::kShowStates:
        messages_.Info(is_ending_ ? "interrupt (abort already in progress)" : "interrupt (one more within 1 sec to abort)");
        return TellStates();
      case Reaction::kInterrupt:
        messages_.Info("sending Ctrl-C to " + StepId());
        return Signal(signal);
      case Reaction::kInterruptAndEnd:
        is_cancelled_ = true;
        messages_.Info("sending Ctrl-C to " + StepId());
        Signal(signal);
        return ForceEnd(signal);
      case Reaction::kEnd:
        if (signal == SIGQUIT) messages_.Info("Quit");
        return ForceEnd(signal);
    }
  }

  void ForceEnd(int signal) {
    ended_by_ = signal;
    messages_.Info("forcing job termination");
    End();
  }

  void End() {
    Signal(SIGKILL);
    if (std::exchange(is_ending_, true)) return;
    messages_.Info("Job step aborted: Waiting up to " + std::to_string(kPatienceSeconds) + " seconds for job step to finish.");
    loop_.After(kPatienceSeconds, [this] {
      messages_.Error("Timed out waiting for job step to complete");
      code_ = std::max(tasks_.code(), options_.failure_code);
      Leave();
    });
  }

  void Signal(int signal) { channel_->Send(Frame::kSignal, Packer().Number(signal).payload()); }

  void OnWritten() {
    if (!out_->is_full() && !err_->is_full()) channel_->Resume();
    for (OutputPlan* plan : {out_.get(), err_.get()}) TellFailures(plan);
    if (is_over_) FinishWhenWritten();
  }

  /// Output that is lost is no success.
  void TellFailures(OutputPlan* plan) {
    while (const std::optional<std::string> failure = plan->TakeFailure()) {
      messages_.Error(*failure);
      has_lost_output_ = true;
    }
  }

  void FinishWhenWritten() {
    if (!out_->is_empty() || !err_->is_empty()) return;
    TellEnded();
    if (tasks_.was_any_killed() && !is_ending_) messages_.Info("Force Terminated " + StepId());
    if (is_created_) prelude_.RunEpilog(facts_.job_id, facts_.step.value_or(0));
    code_ = std::max(code_, tasks_.code());
    if (code_ == 0 && has_lost_output_) code_ = options_.failure_code;
    Leave();
  }

  void OnLost() {
    if (is_over_) return;
    messages_.Error("the job has ended, and this step with it");
    code_ = std::max(tasks_.code(), 1);
    loop_.Stop();
  }

  void Fail(const std::string& why) {
    has_failed_ = true;
    messages_.Error(why);
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

  std::string StepId() const {
    return "StepId=" + std::to_string(facts_.job_id) + "." + std::to_string(facts_.step.value_or(0));
  }

  SrunOptions options_;
  std::string directory_;
  SrunMessages messages_;
  StepRequest request_;
  Loop loop_;
  SignalScope signals_;
  Interrupts interrupts_;
  SrunPrelude prelude_;
  std::string search_path_;  ///< srun's own PATH
  FilenameFacts facts_;
  std::shared_ptr<Channel> channel_;
  std::unique_ptr<SrunInput> input_;
  std::unique_ptr<OutputPlan> out_;
  std::unique_ptr<OutputPlan> err_;
  bool is_error_with_output_ = false;
  SrunTasks tasks_;
  bool is_created_ = false;
  bool has_told_wait_ = false;
  bool is_telling_ = false;       ///< ends of tasks are about to be told
  bool is_terminated_ = false;    ///< by --kill-on-bad-exit
  bool is_cancelled_ = false;     ///< by Ctrl-C
  bool is_ending_ = false;        ///< all tasks have been sent KILL
  bool is_over_ = false;
  bool has_failed_ = false;
  bool has_lost_output_ = false;
  int ended_by_ = 0;  ///< the signal by which the user ended us
  int code_ = 0;
};

}  // namespace

int RunStep(SrunOptions options, const std::string& directory, const Environment& own) {
  return Client(std::move(options), directory, own).Run();
}

}  // namespace launcher
