#ifndef LAUNCHER_SRUN_SRUN_TASKS_H_
#define LAUNCHER_SRUN_SRUN_TASKS_H_

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "srun/output_plan.h"

namespace launcher {

/// Task numbers as srun lists them: "0-1,4,7".
std::string FoldTasks(const std::set<int>& tasks);

/// Tasks of one node that have ended alike: they are told in one line.
struct EndedTasks {
  int part = 0;  ///< as TaskPlace has it
  std::string node;
  int wait_status = 0;
  std::set<int> tasks;

  /// "task 3", "tasks 0-2".
  std::string Names() const;
  /// "Exited with exit code 3", "Killed", "Aborted (core dumped)"; of code 0: "Completed".
  std::string How() const;
  /// What -v says of it.
  std::string Notification(const std::string& step_id) const;
};

/// The tasks of a step as its srun sees them: where each runs, and what has become of it.
class SrunTasks {
 public:
  void Add(int task, TaskPlace place);
  /// By task.
  const std::vector<TaskPlace>& places() const { return places_; }

  void End(int task, int wait_status);
  size_t ended() const { return ended_; }
  bool have_all_ended() const { return ended_ == places_.size(); }

  /// The highest exit code of those that have ended; a signal counts as 128 more.
  int code() const { return code_; }
  /// Whether KILL or TERM ended one of a part.
  bool was_any_killed(int part) const { return killed_parts_.count(part) > 0; }

  /// Those that have ended since the last call.
  std::vector<EndedTasks> TakeEnded();

  /// What a Ctrl-C shows: "tasks 0,2-3: running", "task 1: exited abnormally".
  std::vector<std::string> States(int part) const;

 private:
  enum class State { kRunning, kExitedAbnormally, kExited };

  std::vector<TaskPlace> places_;
  std::vector<State> states_;
  std::map<std::tuple<int, std::string, int>, std::set<int>> not_taken_;  ///< by part, node and wait status
  size_t ended_ = 0;
  int code_ = 0;
  std::set<int> killed_parts_;
};

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_TASKS_H_
