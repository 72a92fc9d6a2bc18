#ifndef LAUNCHER_MPI_HPCX_H_
#define LAUNCHER_MPI_HPCX_H_

#include <optional>
#include <string>
#include <vector>

#include "os/env.h"

namespace launcher {

/// The little that is looked at on disk; tests pass their own.
class FileProbe {
 public:
  virtual ~FileProbe() = default;
  virtual bool IsDirectory(const std::string& path) const = 0;
  /// At most the first 64 KiB; nothing when it cannot be read.
  virtual std::optional<std::string> Read(const std::string& path) const = 0;
  /// Names in a directory, sorted; empty when it cannot be read.
  virtual std::vector<std::string> List(const std::string& directory) const = 0;
};

/// The real file system.
class DiskProbe : public FileProbe {
 public:
  bool IsDirectory(const std::string& path) const override;
  std::optional<std::string> Read(const std::string& path) const override;
  std::vector<std::string> List(const std::string& directory) const override;
};

/// Root of HPC-X for the spec's setting: `off` none; a directory: that one; `auto`: HPCX_HOME or
/// HPCX_DIR of `environment`, else /opt/hpcx, if it is a directory. Throws LaunchError (exit code 78)
/// for a directory that does not hold an HPC-X.
std::optional<std::string> FindHpcx(const std::string& setting, const Environment& environment,
                                    const FileProbe& files);

/// Sets what HPC-X's own init script sets, for a bundle in `root`: only directories that exist,
/// none twice on a path. Returns warnings, a line each (a version below 2.18, below 2.21 on
/// Ubuntu 24.04).
std::vector<std::string> AddHpcx(const std::string& root, const FileProbe& files,
                                 Environment* environment);

/// Drops the parts of LD_LIBRARY_PATH that end in `compat` when the node's driver is newer than the
/// libcuda in them (CUDA error 803 otherwise); leaves them where that cannot be told.
void DropOldCompat(const FileProbe& files, Environment* environment);

/// All of the above in order; returns the warnings.
std::vector<std::string> PrepareHpcx(const std::string& setting, const FileProbe& files,
                                     Environment* environment);

}  // namespace launcher

#endif  // LAUNCHER_MPI_HPCX_H_
