#ifndef LAUNCHER_NODE_BATCH_STREAMS_H_
#define LAUNCHER_NODE_BATCH_STREAMS_H_

#include <string>

#include "os/fd.h"
#include "spec/spec.h"
#include "text/filename.h"

namespace launcher {

/// Whether the node sees the same directory as the submit host: inode and owner are what was recorded
/// there. A path that merely exists here proves nothing. Without a record the path is taken as it is.
bool IsShared(const StdioFile& file);

/// Opens standard input: the file, if the node sees it, else /dev/null. Throws as OpenBatchStreams.
UniqueFd OpenInput(const Stdio& stdio, const FilenameFacts& facts);

/// The batch script's streams. What has no file of its own goes to launch's own stream, the platform's log.
struct BatchStreams {
  UniqueFd in;
  UniqueFd out;
  UniqueFd err;
  int out_fd() const { return out ? out.get() : STDOUT_FILENO; }
  int err_fd() const { return err ? err.get() : (out ? out.get() : STDERR_FILENO); }
};

/// Opens them. Throws LaunchError with exit code 1 when a file cannot be opened: Slurm fails the job then (0:53).
BatchStreams OpenBatchStreams(const Stdio& stdio, const FilenameFacts& facts, std::optional<mode_t> mask);

}  // namespace launcher

#endif  // LAUNCHER_NODE_BATCH_STREAMS_H_
