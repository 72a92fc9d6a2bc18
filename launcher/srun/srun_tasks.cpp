#include "srun/srun_tasks.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <utility>

#include "os/process.h"
#include "os/signals.h"

namespace launcher {
namespace {

std::string Named(const std::set<int>& tasks) { return (tasks.size() > 1 ? "tasks " : "task ") + FoldTasks(tasks); }

}  // namespace

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

std::string EndedTasks::Names() const { return Named(tasks); }

std::string EndedTasks::How() const {
  if (WIFSIGNALED(wait_status)) {
    return SignalDescription(WTERMSIG(wait_status)) + (WCOREDUMP(wait_status) ? " (core dumped)" : "");
  }
  if (wait_status == 0) return "Completed";
  return "Exited with exit code " + std::to_string(WEXITSTATUS(wait_status));
}

std::string EndedTasks::Notification(const std::string& step_id) const {
  char status[16];
  std::snprintf(status, sizeof status, "0x%04x", static_cast<unsigned>(wait_status));
  const char* noun = tasks.size() > 1 ? " tasks of " : " task of ";
  return "launch/slurm: _task_finish: Received task exit notification for " + std::to_string(tasks.size()) + noun + step_id +
         " (status=" + status + ").";
}

void SrunTasks::Add(int task, TaskPlace place) {
  const auto index = static_cast<size_t>(task);
  if (index >= places_.size()) {
    places_.resize(index + 1);
    states_.resize(index + 1, State::kRunning);
  }
  places_[index] = std::move(place);
}

void SrunTasks::End(int task, int wait_status) {
  const auto index = static_cast<size_t>(task);
  ++ended_;
  code_ = std::max(code_, ShellCode(wait_status));
  states_.at(index) = wait_status == 0 ? State::kExited : State::kExitedAbnormally;
  const TaskPlace& place = places_.at(index);
  not_taken_[{place.part, place.name, wait_status}].insert(task - place.first_task);
  if (WIFSIGNALED(wait_status)) {
    if (WTERMSIG(wait_status) == SIGKILL || WTERMSIG(wait_status) == SIGTERM) killed_parts_.insert(place.part);
  }
}

std::vector<EndedTasks> SrunTasks::TakeEnded() {
  std::vector<EndedTasks> ended;
  for (auto& [where, tasks] : not_taken_) {
    const auto& [part, node, wait_status] = where;
    ended.push_back(EndedTasks{part, node, wait_status, std::move(tasks)});
  }
  not_taken_.clear();
  return ended;
}

std::vector<std::string> SrunTasks::States(int part) const {
  constexpr std::pair<State, const char*> kWords[] = {
      {State::kRunning, "running"}, {State::kExitedAbnormally, "exited abnormally"}, {State::kExited, "exited"}};
  std::vector<std::string> lines;
  for (const auto& [state, word] : kWords) {
    std::set<int> tasks;
    for (size_t task = 0; task < states_.size(); ++task) {
      const TaskPlace& place = places_[task];
      if (states_[task] == state && place.part == part) tasks.insert(static_cast<int>(task) - place.first_task);
    }
    if (!tasks.empty()) lines.push_back(Named(tasks) + ": " + word);
  }
  return lines;
}

}  // namespace launcher
