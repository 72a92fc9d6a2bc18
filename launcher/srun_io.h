#ifndef LAUNCHER_SRUN_IO_H_
#define LAUNCHER_SRUN_IO_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "fd.h"
#include "filename.h"
#include "loop.h"

namespace launcher {

/// One open destination of output: srun's own stream, or a file. Never blocks the loop: what the reader
/// does not take yet waits here.
class OutputFile {
 public:
  /// `fd` is not closed unless it is `owned`.
  OutputFile(Loop* loop, int fd, UniqueFd owned) : loop_(loop), fd_(fd), owned_(std::move(owned)) {}
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile() { loop_->Forget(fd_); }

  void Write(std::string_view bytes);
  bool is_empty() const { return pending_.empty(); }
  bool is_full() const { return pending_.size() > kMuchPending; }
  void OnEmptied(std::function<void()> on_emptied) { on_emptied_ = std::move(on_emptied); }

  static constexpr size_t kMuchPending = 256 * 1024;

 private:
  void Flush();

  Loop* loop_;
  int fd_;
  UniqueFd owned_;
  std::string pending_;
  bool is_broken_ = false;  ///< the reader has gone, or the disk is full: the rest is dropped, the step goes on
  std::function<void()> on_emptied_;
};

/// Where the output of each task goes: srun's --output or --error, with labels if wanted.
class OutputPlan {
 public:
  /// `mode`: "" or "all" (to `own_fd`), "none", the number of the one task that is heard, or a file name pattern.
  OutputPlan(Loop* loop, std::string mode, int own_fd, bool append, FilenameFacts facts);

  /// Opens what is known before the step starts: a single file. Throws LaunchError, exit code 1.
  void OpenShared();

  /// Opens the task's own file, where tasks have some. Throws as OpenShared.
  void OpenForTask(int task, int node, const std::string& node_name);

  /// Prefixes lines with the task's number, right-aligned for `tasks` of them.
  void SetLabels(int tasks);

  /// `node` and `node_name` fill the patterns %n and %N.
  void Write(int task, int node, const std::string& node_name, std::string_view bytes);

  /// The task has ended: a last line without end gets one, if it has a label.
  void Finish(int task);

  bool is_empty() const;
  bool is_full() const;
  void OnEmptied(const std::function<void()>& on_emptied);

  /// Whether both plans write the same file: then they share it.
  void ShareWith(OutputPlan* other);
  const std::string& mode() const { return mode_; }

 private:
  enum class Kind { kOwn, kNone, kOneTask, kFile, kFilePerTask };

  OutputFile* FileFor(int task, int node, const std::string& node_name);
  std::shared_ptr<OutputFile> Open(const FilenameFacts& facts);
  void WriteLines(int task, OutputFile* file, std::string_view bytes);

  Loop* loop_;
  std::string mode_;
  Kind kind_;
  int only_task_ = -1;
  bool append_;
  FilenameFacts facts_;
  int own_fd_;
  int label_width_ = -1;
  std::function<void()> on_emptied_;
  std::map<std::string, std::shared_ptr<OutputFile>> files_;  ///< by path; srun's own stream is ""
  std::map<int, OutputFile*> of_task_;
  std::map<int, std::string> partial_;  ///< the begun line of each task
};

}  // namespace launcher

#endif  // LAUNCHER_SRUN_IO_H_
