#ifndef LAUNCHER_TEXT_TASK_LINES_H_
#define LAUNCHER_TEXT_TASK_LINES_H_

#include <string>
#include <string_view>

namespace launcher {

/// What one task writes to a stream that several tasks write to. It is handed on by whole lines, so that no line of another
/// task gets into one of its own, and with a label before each line if there is one.
class TaskLines {
 public:
  /// `label`: "3: ", or empty.
  explicit TaskLines(std::string label) : label_(std::move(label)) {}

  /// Appends to `out` the lines that `bytes` ends; what begins a line is kept.
  void Take(std::string_view bytes, std::string* out);

  /// The task says no more: appends the line that it has begun, and ends it where it has a label, as Slurm does.
  void Finish(std::string* out);

  /// A longer line is handed on in pieces: it has to be kept in memory until its end.
  static constexpr size_t kLongestLine = 1 << 20;

 private:
  void Begin(std::string* out);

  std::string label_;
  std::string begun_;
  bool is_continued_ = false;  ///< a first piece of the line has been handed on
};

/// "3: ", right-aligned for `tasks` tasks. Source: srun(1) --label.
std::string LabelOf(int task, int tasks);

}  // namespace launcher

#endif  // LAUNCHER_TEXT_TASK_LINES_H_
