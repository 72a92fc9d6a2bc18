#ifndef LAUNCHER_SRUN_OUTPUT_PLAN_H_
#define LAUNCHER_SRUN_OUTPUT_PLAN_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/loop.h"
#include "srun/output_file.h"
#include "text/filename.h"
#include "text/task_lines.h"

namespace launcher {

/// Where a task runs: number of its node within the step, and the node's name.
struct TaskPlace {
  int node = 0;
  std::string name;
  int part = 0;        ///< of a step over several components: in which of them
  int first_task = 0;  ///< of that part: messages count its tasks from there
};

/// What srun is told of one stream of the tasks.
struct OutputWish {
  std::string mode;         ///< "" or "all": to srun's own stream; "none"; the number of the one task that is heard; or a file name pattern
  int own_fd = 1;           ///< srun's own stream
  bool append = false;      ///< to what a file holds already
  bool label = false;
  bool unbuffered = false;  ///< do not wait for the ends of lines
};

/// Where the output of each task goes: srun's --output or --error.
class OutputPlan {
 public:
  OutputPlan(Loop* loop, OutputWish wish, FilenameFacts facts);

  /// Opens what can be known before there is a step, so that none is started in vain: one file for all tasks, whose name has nothing
  /// of the step's. Its content stays. Throws LaunchError, exit code 1.
  void OpenEarly();

  /// Opens everything else, also what nothing will be written to: it is there, and empty, as Slurm's. `places`: by task;
  /// `step`: its number. Throws as OpenEarly.
  void Open(const std::vector<TaskPlace>& places, int step);

  /// As Open, but writes where `other`, which is open, writes.
  void Share(const OutputPlan& other, const std::vector<TaskPlace>& places);

  /// Whether both write to one place, so that they have to share it: lines would mix, or overwrite each other.
  bool IsSamePlaceAs(const OutputPlan& other) const;

  void Write(int task, std::string_view bytes);

  /// The task has ended: what it has begun to say is said.
  void Finish(int task);

  bool is_empty() const;
  bool is_full() const;
  void OnEmptied(const std::function<void()>& on_emptied);

  /// What could not be written, in words; once for each place.
  std::optional<std::string> TakeFailure();

 private:
  enum class Kind { kOwn, kNone, kOneTask, kFile, kFilePerTask };

  struct Outlet {
    OutputFile* file = nullptr;  ///< none: nobody hears the task
    std::optional<TaskLines> lines;
  };

  std::shared_ptr<OutputFile> OpenFile(const FilenameFacts& facts, bool keeps_content);
  void OpenOutlets(const std::vector<TaskPlace>& places);

  Loop* loop_;
  OutputWish wish_;
  FilenameFacts facts_;
  Kind kind_ = Kind::kOwn;
  int only_task_ = -1;
  std::map<std::string, std::shared_ptr<OutputFile>> files_;  ///< by path; srun's own stream is ""
  std::map<std::string, bool> told_;                          ///< the failures that TakeFailure has given
  std::vector<Outlet> outlets_;                               ///< by task
  std::string lines_;                                         ///< room to put lines together in
};

}  // namespace launcher

#endif  // LAUNCHER_SRUN_OUTPUT_PLAN_H_
