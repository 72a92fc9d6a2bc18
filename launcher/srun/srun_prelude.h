#ifndef LAUNCHER_SRUN_SRUN_PRELUDE_H_
#define LAUNCHER_SRUN_SRUN_PRELUDE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bcast/file_sender.h"
#include "srun/srun_messages.h"
#include "srun/srun_options.h"
#include "srun/step_parts.h"

namespace launcher {

/// What srun does on its own side between the creation of a step and the start of its tasks, and at the end: --prolog,
/// --bcast and --epilog.
class SrunPrelude {
 public:
  /// `own`: srun's environment. All must outlive it.
  SrunPrelude(const SrunOptions* options, const SrunMessages* messages, const Environment& own);

  /// There is something to do before the tasks start: the step is to be held back for it.
  bool is_needed() const { return Wants(options_->prolog) || options_->bcast.has_value(); }

  /// The program to copy, as it can be found here; a relative one in `command`'s directory. Throws LaunchError where there is none.
  void FindFile(const std::string& program, const std::string& path);

  /// Runs the prolog and sends the file, then START_STEP; or calls `failed` with what srun is then to end with.
  void Start(StepParts* parts, int64_t job, int step, const std::string& work_dir,
             const std::vector<std::string>& nodes, std::function<void()> failed);
  void OnFileDone(std::string_view payload) { if (sender_) sender_->OnDone(payload); }

  void RunEpilog(int64_t job, int step);

 private:
  static bool Wants(const std::string& program);
  /// Its wait status; nothing where it cannot be run, which is said.
  std::optional<int> RunProgram(const std::string& program, int64_t job, int step);
  FileHeader HeaderOf(int64_t job, int step, const std::string& work_dir) const;

  const SrunOptions* options_;
  const SrunMessages* messages_;
  const Environment& own_;
  std::string file_;
  std::unique_ptr<FileSender> sender_;
};

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_PRELUDE_H_
