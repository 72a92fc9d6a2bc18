#include "node/batch_streams.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace launcher {
namespace {

/// How long a directory may take to appear. Programs that submit to Slurm make the directory %j when they have read the job's
/// id; Slurm's own nodes need about that long to start a job, ours do not (submitit; tests/programs).
constexpr auto kPatience = std::chrono::milliseconds(1000);
constexpr auto kLook = std::chrono::milliseconds(10);

UniqueFd Open(const StdioFile& file, int flags, const FilenameFacts& facts) {
  const std::string path = ExpandFilename(file.path, facts);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC, 0666));
  while (!fd && errno == ENOENT && (flags & O_CREAT) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kLook);
    fd = UniqueFd(open(path.c_str(), flags | O_CLOEXEC, 0666));
  }
  if (!fd) throw LaunchError("could not open " + path + ": " + std::strerror(errno), 1);
  return fd;
}

/// Our own umask set to another one for a while.
class UmaskScope {
 public:
  explicit UmaskScope(std::optional<mode_t> mask) {
    if (mask) before_ = umask(*mask);
  }
  UmaskScope(const UmaskScope&) = delete;
  UmaskScope& operator=(const UmaskScope&) = delete;
  ~UmaskScope() {
    if (before_) umask(*before_);
  }

 private:
  std::optional<mode_t> before_;
};

/// What a user namespace shows for owners that it does not know, root among them (user_namespaces(7)).
uid_t OverflowUid() {
  const UniqueFd file(open("/proc/sys/kernel/overflowuid", O_RDONLY | O_CLOEXEC));
  char text[16] = {};
  if (!file || read(file.get(), text, sizeof text - 1) <= 0) return 65534;
  return static_cast<uid_t>(std::atol(text));
}

}  // namespace

bool IsShared(const StdioFile& file) {
  if (!file.inode || !file.owner) return true;
  const std::string directory = file.path.substr(0, file.path.rfind('/') + 1);
  struct stat status;
  if (stat(directory.c_str(), &status) != 0 || status.st_ino != *file.inode) return false;
  return status.st_uid == *file.owner || status.st_uid == OverflowUid();
}

UniqueFd OpenInput(const Stdio& stdio, const FilenameFacts& facts) {
  const bool has_input = stdio.in && IsShared(*stdio.in);
  return Open(has_input ? *stdio.in : StdioFile{"/dev/null", {}, {}}, O_RDONLY, facts);
}

BatchStreams OpenBatchStreams(const Stdio& stdio, const FilenameFacts& facts, std::optional<mode_t> mask) {
  const UmaskScope scope(mask);
  const int flags = O_WRONLY | O_CREAT | (stdio.append ? O_APPEND : O_TRUNC);
  BatchStreams streams;
  streams.in = OpenInput(stdio, facts);
  if (stdio.out && IsShared(*stdio.out)) streams.out = Open(*stdio.out, flags, facts);
  if (stdio.err && IsShared(*stdio.err)) {
    const bool is_same = stdio.out && ExpandFilename(stdio.out->path, facts) == ExpandFilename(stdio.err->path, facts);
    if (!is_same || !streams.out) streams.err = Open(*stdio.err, flags, facts);
  }
  return streams;
}

}  // namespace launcher
