#ifndef LAUNCHER_SRUN_SRUN_INPUT_H_
#define LAUNCHER_SRUN_SRUN_INPUT_H_

#include <memory>
#include <string>
#include <vector>

#include "channel/channel.h"
#include "os/fd.h"
#include "os/loop.h"
#include "srun/output_plan.h"
#include "srun/step_parts.h"
#include "text/filename.h"

namespace launcher {

/// Standard input of a step, as srun's --input says: our own for all tasks or one of them, nobody's, or files'.
class SrunInput {
 public:
  /// `mode`: "" or "all", "none", the number of a task, or a file name pattern. Throws LaunchError, exit code 1, where the file
  /// is not there.
  SrunInput(Loop* loop, const std::string& mode, FilenameFacts facts);
  SrunInput(const SrunInput&) = delete;
  SrunInput& operator=(const SrunInput&) = delete;
  ~SrunInput() { Stop(); }

  /// What the step's request says of it: a task, or kInputAll, kInputNone.
  int input_task() const { return input_task_; }

  /// The step is there: sends what there is to read. `places`: by task; `step`: its number. Throws as the constructor.
  void Start(StepParts* parts, const std::vector<TaskPlace>& places, int step);

  /// The tasks have taken so many bytes.
  void Taken(size_t bytes);

  /// Nobody reads any more.
  void Stop();

 private:
  struct Source {
    int fd = -1;  ///< -1: at its end
    UniqueFd file;
    uint32_t task = kAllTasks;
  };

  void AddFile(const FilenameFacts& facts, uint32_t task);
  void Watch();
  void Read(Source* source);

  Loop* loop_;
  std::string mode_;
  FilenameFacts facts_;
  int input_task_;
  std::vector<std::unique_ptr<Source>> sources_;
  StepParts* parts_ = nullptr;
  size_t on_its_way_ = 0;  ///< bytes that the tasks have not taken yet
  std::string buffer_;
};

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_INPUT_H_
