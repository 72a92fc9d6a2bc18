#ifndef LAUNCHER_NODE_RUNTIME_DIR_H_
#define LAUNCHER_NODE_RUNTIME_DIR_H_

#include <optional>
#include <string>
#include <vector>

#include "node/nodes.h"
#include "os/env.h"
#include "os/fd.h"
#include "spec/spec.h"

namespace launcher {

/// The variable by which a job's processes find its runtime directory.
constexpr char kJobDirName[] = "MLSPACE_JOB_DIR";

/// The private directory of one launch (docs/protocol.md §4), made by the constructor and removed by the
/// destructor.
class RuntimeDir {
 public:
  /// Throws LaunchError when the place is not ours alone, or cannot be written.
  RuntimeDir(const LaunchSpec& spec, const Place& place, const Environment& own);
  RuntimeDir(const RuntimeDir&) = delete;
  RuntimeDir& operator=(const RuntimeDir&) = delete;
  ~RuntimeDir();

  const std::string& path() const { return path_; }
  std::string bin() const { return path_ + "/bin"; }

  /// Writes the batch script, executable, and returns its path.
  std::string WriteScript(const std::string& text) const;

  /// Writes `hostfile`, for an mpirun that knows nothing of Slurm, and returns its path.
  std::string WriteHostFile(const std::string& text) const;

  /// Whether the login side has left word that it is about to end the job.
  bool IsToEnd() const;

  /// Why the login side is about to end the job: " DUE TO JOB REQUEUE", " DUE TO PREEMPTION", or nothing.
  std::string Why() const;

  /// A listening Unix socket, `channel`. Who sees it may connect, and use everything but `script`.
  UniqueFd Listen() const;

 private:
  void Write(const char* name, const std::string& text, mode_t mode) const;

  std::string path_;
};

/// The runtime directory of the job that `environment` names, by kJobDirName or by SLURM_JOB_ID alone.
/// Of several on this host the one whose launch is an ancestor of this process.
std::optional<std::string> FindJobDir(const Environment& environment);

/// The job ids of all components of the heterogeneous job that a runtime directory is of; none of an ordinary one.
std::vector<int> ReadComponentIds(const std::string& directory);

/// The file that this process executes: launch, on every node at the same place.
std::string OwnPath();

/// Connects to the `channel` of a runtime directory; nothing when nobody listens there.
UniqueFd ConnectToJob(const std::string& directory);

/// Executes the login side's command of that name from the job's `commands` directory. Throws LaunchError
/// when there is none.
int RunForeign(const std::string& name, const std::vector<std::string>& args);

}  // namespace launcher

#endif  // LAUNCHER_NODE_RUNTIME_DIR_H_
