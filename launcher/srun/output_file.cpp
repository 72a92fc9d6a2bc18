#include "srun/output_file.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace launcher {
namespace {

/// What a terminal takes for sure when poll says that it is writable: it is others' too, so it cannot be made non-blocking.
constexpr size_t kSafeWrite = 4096;

bool IsWritable(int fd) {
  pollfd state = {fd, POLLOUT, 0};
  return poll(&state, 1, 0) == 1;
}

}  // namespace

OutputFile::OutputFile(Loop* loop, std::string name, int fd) : loop_(loop), name_(std::move(name)), fd_(fd) { Look(); }

OutputFile::OutputFile(Loop* loop, std::string name, UniqueFd fd)
    : loop_(loop), name_(std::move(name)), fd_(fd.get()), owned_(std::move(fd)) {
  Look();
}

void OutputFile::Look() {
  struct stat status;
  if (fstat(fd_, &status) != 0) return;
  if (S_ISREG(status.st_mode)) kind_ = Kind::kAnything;
  if (S_ISSOCK(status.st_mode)) kind_ = Kind::kSocket;
  if (!S_ISFIFO(status.st_mode)) return;
  // The pipe opened once more is ours alone, and may be non-blocking: O_NONBLOCK belongs to the open file, not to the descriptor.
  UniqueFd own(open(("/proc/self/fd/" + std::to_string(fd_)).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  if (!own) return;
  kind_ = Kind::kPipe;
  owned_ = std::move(own);
  fd_ = owned_.get();
}

/// How many bytes were taken; 0 when there is no room now, or never again.
size_t OutputFile::WriteSome(std::string_view bytes) {
  if (kind_ == Kind::kFewBytes) {
    if (!IsWritable(fd_)) return 0;
    bytes = bytes.substr(0, kSafeWrite);
  }
  for (;;) {
    const ssize_t written = kind_ == Kind::kSocket ? send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                                                   : write(fd_, bytes.data(), bytes.size());
    if (written >= 0) return static_cast<size_t>(written);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      is_broken_ = true;
      error_ = errno == EPIPE || errno == ECONNRESET || errno == EBADF ? 0 : errno;
    }
    return 0;
  }
}

void OutputFile::Write(std::string_view bytes) {
  if (is_broken_ || bytes.empty()) return;
  if (pending_.empty()) {
    while (!bytes.empty()) {
      const size_t taken = WriteSome(bytes);
      if (taken == 0) break;
      bytes.remove_prefix(taken);
    }
    if (bytes.empty() || is_broken_) return;
    loop_->WatchWrite(fd_, [this] { Flush(); });
  }
  pending_ += bytes;
}

void OutputFile::Truncate() {
  if (kind_ == Kind::kAnything && ftruncate(fd_, 0) != 0) error_ = errno;  // a device has nothing to drop
}

void OutputFile::Flush() {
  size_t at = 0;
  while (at < pending_.size()) {
    const size_t taken = WriteSome(std::string_view(pending_).substr(at));
    if (taken == 0) break;
    at += taken;
  }
  pending_.erase(0, is_broken_ ? pending_.size() : at);
  if (!pending_.empty()) return;
  loop_->ForgetWrite(fd_);
  if (on_emptied_) loop_->Later(on_emptied_);
}

}  // namespace launcher
