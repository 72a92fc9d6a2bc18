#include "srun/srun_ending.h"

#include <sys/wait.h>

#include <csignal>
#include <utility>

namespace launcher {
namespace {

constexpr double kGatherSeconds = 0.05;  ///< exits that come together are told together
constexpr int kPatienceSeconds = 32;     ///< for a step that was told to end: Slurm's default KillWait and two more

}  // namespace

SrunEnding::SrunEnding(Loop* loop, const SrunOptions* options, const SrunMessages* messages, Hooks hooks)
    : loop_(loop),
      options_(options),
      messages_(messages),
      hooks_(std::move(hooks)),
      interrupts_(!options->disable_status, options->quits_on_interrupt) {}

void SrunEnding::Begin(std::vector<std::string> step_ids, SrunTasks tasks) {
  step_ids_ = std::move(step_ids);
  tasks_ = std::move(tasks);
}

void SrunEnding::OnTaskEnded(int task, int status) {
  tasks_.End(task, status);
  if (!is_telling_) {
    is_telling_ = true;
    loop_->After(kGatherSeconds, [this] { TellEnded(); });
  }
  if (status != 0 && options_->kills_on_bad_exit && !tasks_.have_all_ended()) EndOthers();
  const int wait = options_->wait_seconds;
  if (tasks_.ended() == 1 && wait > 0) loop_->After(wait, [this] { EndAfterWait(); });
}

void SrunEnding::EndAfterWait() {
  if (tasks_.have_all_ended() || is_ending_) return;
  TellEnded();
  messages_->Info("First task exited " + std::to_string(options_->wait_seconds) + "s ago");
  TellStates();
  TellTerminating();
  End();
}

void SrunEnding::TellEnded() {
  is_telling_ = false;
  for (const EndedTasks& ended : tasks_.TakeEnded()) {
    messages_->Verbose(ended.Notification(step_ids_.at(static_cast<size_t>(ended.part))));
    const std::string line = ended.node + ": " + ended.Names() + ": " + ended.How();
    // Of those that the user's own Ctrl-C ended there is nothing to tell.
    const bool is_expected = ended.wait_status == 0 || (is_cancelled_ && WIFSIGNALED(ended.wait_status));
    if (is_expected) {
      messages_->Verbose("launch/slurm: _task_finish: " + line);
    } else {
      messages_->Error(line);
    }
  }
  if (options_->wait_seconds > 0 && !std::exchange(has_told_wait_, true)) {
    const std::string wait = std::to_string(options_->wait_seconds);
    messages_->Verbose("launch/slurm: _setup_max_wait_timer: First task exited. Terminating job in " + wait + "s");
  }
}

/// --kill-on-bad-exit: TERM once; a task that ignores it goes on, as under Slurm.
void SrunEnding::EndOthers() {
  if (std::exchange(is_terminated_, true)) return;
  TellEnded();
  TellTerminating();
  hooks_.signal(SIGTERM);
}

void SrunEnding::TellTerminating() const {
  for (auto id = step_ids_.rbegin(); id != step_ids_.rend(); ++id) messages_->Info("launch/slurm: _step_signal: Terminating " + *id);
}

void SrunEnding::TellStates() const {
  for (size_t part = 0; part < step_ids_.size(); ++part) {
    for (const std::string& state : tasks_.States(static_cast<int>(part))) messages_->Info(step_ids_[part] + " " + state);
  }
}

void SrunEnding::OnSignal(int signal) {
  switch (interrupts_.On(signal, MonotonicMs())) {
    case Reaction::kNothing:
      return;
    case Reaction::kTellContinued:
      return messages_->Info("got SIGCONT");
    case Reaction::kForward:
      return hooks_.signal(signal);
    case Reaction::kShowStates:
      messages_->Info(is_ending_ ? "interrupt (abort already in progress)" : "interrupt (one more within 1 sec to abort)");
      return TellStates();
    case Reaction::kInterrupt:
      for (const std::string& id : step_ids_) messages_->Info("sending Ctrl-C to " + id);
      return hooks_.signal(signal);
    case Reaction::kInterruptAndEnd:
      is_cancelled_ = true;
      for (const std::string& id : step_ids_) messages_->Info("sending Ctrl-C to " + id);
      hooks_.signal(signal);
      return ForceEnd(signal);
    case Reaction::kEnd:
      if (signal == SIGQUIT) messages_->Info("Quit");
      return ForceEnd(signal);
  }
}

void SrunEnding::ForceEnd(int signal) {
  ended_by_ = signal;
  for (size_t part = 0; part < step_ids_.size(); ++part) messages_->Info("forcing job termination");
  End();
}

void SrunEnding::End() {
  hooks_.signal(SIGKILL);
  OnAborted();
}

void SrunEnding::OnAborted() {
  if (std::exchange(is_ending_, true)) return;
  for (size_t part = 0; part < step_ids_.size(); ++part) {
    messages_->Info("Job step aborted: Waiting up to " + std::to_string(kPatienceSeconds) + " seconds for job step to finish.");
  }
  loop_->After(kPatienceSeconds, [this] {
    messages_->Error("Timed out waiting for job step to complete");
    hooks_.give_up();
  });
}

void SrunEnding::Finish() {
  TellEnded();
  for (size_t part = 0; part < step_ids_.size() && !is_ending_; ++part) {
    if (tasks_.was_any_killed(static_cast<int>(part))) messages_->Info("Force Terminated " + step_ids_[part]);
  }
}

}  // namespace launcher
