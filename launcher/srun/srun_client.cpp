#include "srun/srun_client.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <utility>

#include "node/runtime_dir.h"
#include "node/slurm_env.h"
#include "os/signals.h"
#include "srun/output_plan.h"
#include "srun/srun_ending.h"
#include "srun/srun_input.h"
#include "srun/srun_interrupt.h"
#include "srun/srun_messages.h"
#include "srun/srun_prelude.h"
#include "srun/srun_request.h"
#include "srun/srun_terminal.h"
#include "srun/srun_verbose.h"
#include "srun/step_parts.h"

namespace launcher {
namespace {

/// One run of srun, from the request to the last byte of output.
class Client {
 public:
  Client(std::vector<GroupRun> runs, std::string directory, const Environment& own)
      : runs_(std::move(runs)),
        options_(runs_.front().options),
        directory_(std::move(directory)),
        messages_(options_.quiet, options_.verbosity),
        signals_({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGALRM, SIGPIPE, SIGTTIN, SIGTTOU, SIGWINCH}),
        ending_(&loop_, &options_, &messages_, {[this](int signal) { Signal(signal); }, [this] { GiveUp(); }}),
        prelude_(&options_, &messages_, own),
        parts_(&loop_, directory_, options_.is_owner,
               {[this] { OnConnected(); }, [this](const std::string& why) { Fail(why); },
                [this](size_t part, Frame type, std::string_view payload) { OnFrame(part, type, payload); }, [this] { OnLost(); }}) {
    facts_ = FactsOf(own, std::atoll(directory_.substr(directory_.rfind('/') + 1).c_str()), "");
    if (runs_.front().job_id == 0) runs_.front().job_id = facts_.job_id;
    if (options_.streams.terminal) LookAtTerminal();
    for (GroupRun& run : runs_) {
      run.options.streams.terminal = options_.streams.terminal;
      run.options.streams.window = options_.streams.window;
      if (!messages_.is_verbose()) continue;
      for (const std::string& line : DescribeRequest(run.options, run.own)) messages_.Verbose(line);
    }
    for (const GroupRun& run : runs_) {
      requests_.push_back(RequestOf(run.options, run.own, run.told));
      requests_.back().is_held = prelude_.is_needed() || runs_.size() > 1;
    }
    search_path_ = own.Get("PATH");
    input_ = std::make_unique<SrunInput>(&loop_, options_.streams.terminal ? "0" : options_.input, facts_);
    for (StepRequest& asked : requests_) asked.streams.input_task = input_->input_task();
    out_ = std::make_unique<OutputPlan>(&loop_, WishFor(options_.output, STDOUT_FILENO), facts_);
    // A file for --output takes standard error, too, unless --error says otherwise.
    is_error_with_output_ = options_.error.empty() && !options_.output.empty();
    const std::string& error_mode = is_error_with_output_ ? options_.output : options_.error;
    err_ = std::make_unique<OutputPlan>(&loop_, WishFor(error_mode, STDERR_FILENO), facts_);
  }

  int Run() {
    out_->OpenEarly();
    if (!err_->IsSamePlaceAs(*out_)) err_->OpenEarly();
    loop_.WatchRead(signals_.fd(), [this] { OnSignals(); });
    std::vector<StepParts::Part> parts;
    for (size_t part = 0; part < runs_.size(); ++part) parts.push_back({runs_[part].peer, requests_[part]});
    parts_.Connect(std::move(parts));
    loop_.Run();
    return code_;
  }

 private:
  void OnConnected() {
    try {
      prelude_.FindFile(requests_.front().world.command[0], search_path_);
    } catch (const LaunchError& missing) {
      messages_.Info(std::string("fatal: ") + missing.what());
      code_ = missing.exit_code();
      return Leave();
    }
    parts_.Create();
  }

  /// Source: srun --pty of 22.05 with other things than a terminal as its standard input.
  void LookAtTerminal() {
    const std::optional<WindowSize> size = WindowSizeOf(STDIN_FILENO);
    if (size) {
      options_.streams.window = *size;
      return;
    }
    messages_.Error(std::string("ioctl(TIOCGWINSZ): ") + std::strerror(errno));
    messages_.Error("Not using a pseudo-terminal, disregarding --pty option");
    options_.streams.terminal = false;
  }

  void TellWindow() {
    const std::optional<WindowSize> size = WindowSizeOf(STDIN_FILENO);
    if (!requests_.front().streams.terminal || !size || *size == requests_.front().streams.window) return;
    requests_.front().streams.window = *size;
    parts_.Send(Frame::kWindow, Packer().Number(size->rows).Number(size->columns).payload());
  }

  OutputWish WishFor(const std::string& mode, int own_fd) const {
    return OutputWish{mode, own_fd, options_.append, options_.streams.label, options_.unbuffered};
  }

  void OnFrame(size_t part, Frame type, std::string_view payload) {
    if (has_failed_) return;  // of a step whose files could not be opened, say
    Unpacker fields(payload);
    switch (type) {
      case Frame::kStepRefused:
        return OnRefused(part, &fields);
      case Frame::kStepWaits:
        waits_ = true;
        return messages_.Info("Job " + std::to_string(runs_[part].job_id) + " step creation temporarily disabled, retrying (" +
                              fields.Text() + ")");
      case Frame::kStepCreated:
        if (waits_) messages_.Info("Step created for job " + std::to_string(runs_[part].job_id));
        return OnCreated(&fields);
      case Frame::kOutput: {
        const int task = static_cast<int>(fields.Number());
        OutputPlan* plan = fields.Number() == 1 ? out_.get() : err_.get();
        // A task with a terminal has no other stream: what comes by this one is launch's own.
        if (plan == err_.get() && terminal_.is_entered()) {
          plan->Write(task, WithReturns(fields.Rest()));
        } else {
          plan->Write(task, fields.Rest());
        }
        TellFailures(plan);
        if (plan->is_full()) parts_.Pause();
        return;
      }
      case Frame::kStdinTaken:
        return input_->Taken(static_cast<size_t>(fields.Number()));
      case Frame::kTaskEnded: {
        const int task = static_cast<int>(fields.Number());
        out_->Finish(task);
        err_->Finish(task);
        return ending_.OnTaskEnded(task, static_cast<int>(fields.Number()));
      }
      case Frame::kStepAborted:
        return ending_.OnAborted();
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

  void OnRefused(size_t part, Unpacker* fields) {
    const std::string why = fields->Text();
    for (const std::string& line : fields->Texts()) messages_.Error(line);
    Fail("Unable to create step for job " + std::to_string(runs_[part].job_id) + ": " + why);
  }

  void OnCreated(Unpacker* fields) {
    facts_.step = static_cast<int>(fields->Number());
    is_created_ = true;
    TellWindow();  // it may have changed while we waited
    const int nodes = static_cast<int>(fields->Number());
    std::vector<std::string> names;
    SrunTasks tasks;
    for (int node = 0; node < nodes; ++node) {
      const std::string name = fields->Text();
      names.push_back(name);
      const size_t part = parts_.part_of_node(node);
      for (const int task : fields->Numbers()) tasks.Add(task, TaskPlace{node, name, static_cast<int>(part), parts_.first_task(part)});
    }
    ending_.Begin(StepIds(), std::move(tasks));
    const std::vector<TaskPlace>& places = ending_.tasks().places();
    try {
      out_->Open(places, *facts_.step);
      if (is_error_with_output_ || err_->IsSamePlaceAs(*out_)) {
        err_->Share(*out_, places);
      } else {
        err_->Open(places, *facts_.step);
      }
      input_->Start(&parts_, places, *facts_.step);
    } catch (const LaunchError& error) {
      parts_.Send(Frame::kTerminate);
      return Fail(error.what());
    }
    if (requests_.front().streams.terminal) terminal_.Enter();
    messages_.set_raw(terminal_.is_entered());
    for (OutputPlan* plan : {out_.get(), err_.get()}) plan->OnEmptied([this] { OnWritten(); });
    if (messages_.is_verbose()) {
      for (const std::string& line : DescribeStep(StepIds(), places)) messages_.Verbose(line);
    }
    if (!requests_.front().is_held) return;
    prelude_.Start(&parts_, facts_.job_id, *facts_.step, requests_.front().world.work_dir, names, [this] {
      ending_.ExpectEnd();
      code_ = options_.failure_code;
      parts_.Send(Frame::kTerminate);
    });
  }

  // Signals, and the end.

  void OnSignals() {
    while (const int signal = signals_.Next()) {
      if (is_created_ && signal == SIGWINCH) {
        TellWindow();
      } else if (is_created_) {
        ending_.OnSignal(signal);
      } else if (Interrupts::EndsWaiting(signal)) {
        messages_.Info("Cancelled pending job step with signal " + std::to_string(signal));
        cancelled_by_ = signal;
        return Fail("Unable to create step for job " + std::to_string(facts_.job_id) +
                    ": Job/step already completing or completed");
      }
    }
  }

  void Signal(int signal) { parts_.Send(Frame::kSignal, Packer().Number(signal).payload()); }

  void OnWritten() {
    if (!out_->is_full() && !err_->is_full()) parts_.Resume();
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
    ending_.Finish();
    if (is_created_) prelude_.RunEpilog(facts_.job_id, facts_.step.value_or(0));
    code_ = std::max(code_, ending_.tasks().code());
    if (code_ == 0 && has_lost_output_) code_ = options_.failure_code;
    Leave();
  }

  void OnLost() {
    if (is_over_) return;
    messages_.Error("the job has ended, and this step with it");
    code_ = std::max(ending_.tasks().code(), 1);
    loop_.Stop();
  }

  void Fail(const std::string& why) {
    has_failed_ = true;
    messages_.Error(why);
    code_ = options_.failure_code;
    Leave();
  }

  void GiveUp() {
    code_ = std::max(ending_.tasks().code(), options_.failure_code);
    Leave();
  }

  void Leave() {
    if (options_.is_owner) {
      const int signal = cancelled_by_ != 0 ? cancelled_by_ : ending_.ended_by();
      parts_.EndAllocation((code_ & 0xff) << 8, signal);
    }
    loop_.Stop();
  }

  /// "StepId=7.0", of each part.
  std::vector<std::string> StepIds() const {
    std::vector<std::string> ids;
    for (const GroupRun& run : runs_) ids.push_back("StepId=" + std::to_string(run.job_id) + "." + std::to_string(facts_.step.value_or(0)));
    return ids;
  }

  std::vector<GroupRun> runs_;
  SrunOptions options_;  ///< what is said of the whole
  std::string directory_;
  SrunMessages messages_;
  std::vector<StepRequest> requests_;
  Loop loop_;
  SrunTerminal terminal_;
  SignalScope signals_;
  SrunEnding ending_;
  SrunPrelude prelude_;
  std::string search_path_;  ///< srun's own PATH
  FilenameFacts facts_;
  StepParts parts_;
  std::unique_ptr<SrunInput> input_;
  std::unique_ptr<OutputPlan> out_;
  std::unique_ptr<OutputPlan> err_;
  bool is_error_with_output_ = false;
  bool waits_ = false;  ///< the nodes were busy when we asked
  bool is_created_ = false;
  bool is_over_ = false;
  bool has_failed_ = false;
  bool has_lost_output_ = false;
  int cancelled_by_ = 0;  ///< the signal by which the user ended us before there was a step
  int code_ = 0;
};

}  // namespace

int RunStep(std::vector<GroupRun> runs, const std::string& directory, const Environment& own) {
  return Client(std::move(runs), directory, own).Run();
}

}  // namespace launcher
