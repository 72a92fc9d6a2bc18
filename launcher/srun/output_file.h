#ifndef LAUNCHER_SRUN_OUTPUT_FILE_H_
#define LAUNCHER_SRUN_OUTPUT_FILE_H_

#include <functional>
#include <string>
#include <string_view>

#include "os/fd.h"
#include "os/loop.h"

namespace launcher {

/// One open destination of output: srun's own stream, or a file. Never blocks the loop: what the reader
/// does not take yet waits here.
class OutputFile {
 public:
  /// Somebody else's descriptor, as our own stream: it stays open and as it is. `name`: for messages.
  OutputFile(Loop* loop, std::string name, int fd);
  /// A file of ours.
  OutputFile(Loop* loop, std::string name, UniqueFd fd);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile() { loop_->Forget(fd_); }

  void Write(std::string_view bytes);
  /// Drops what a file of ours held before.
  void Truncate();
  bool is_empty() const { return pending_.empty(); }
  bool is_full() const { return pending_.size() > kMuchPending; }
  void OnEmptied(std::function<void()> on_emptied) { on_emptied_ = std::move(on_emptied); }

  const std::string& name() const { return name_; }
  /// errno of a write that failed, as on a full disk; 0: none, also where the reader has gone: that is no loss.
  int error() const { return error_; }

  static constexpr size_t kMuchPending = 256 * 1024;

 private:
  /// How much may be written at once without blocking, once the descriptor is writable.
  enum class Kind { kAnything, kPipe, kSocket, kFewBytes };

  void Look();
  size_t WriteSome(std::string_view bytes);
  void Flush();

  Loop* loop_;
  std::string name_;
  int fd_;
  UniqueFd owned_;
  Kind kind_ = Kind::kFewBytes;
  std::string pending_;
  bool is_broken_ = false;  ///< the rest is dropped, and the step goes on, as under Slurm
  int error_ = 0;
  std::function<void()> on_emptied_;
};

}  // namespace launcher

#endif  // LAUNCHER_SRUN_OUTPUT_FILE_H_
