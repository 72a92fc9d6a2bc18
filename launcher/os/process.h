#ifndef LAUNCHER_OS_PROCESS_H_
#define LAUNCHER_OS_PROCESS_H_

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "os/env.h"
#include "os/fd.h"
#include "os/rlimits.h"

namespace launcher {

/// How a process is to start. Its signal mask is empty, all dispositions are default, it inherits no
/// descriptor but the three, leads a session of its own, and dies with launch: but for what `for_user` says.
struct SpawnPlan {
  std::vector<std::string> argv;
  std::string program;  ///< the file; empty: argv[0], looked for on the PATH of `environment`
  Environment environment;
  std::string work_dir;                    ///< empty: launch's own; one that cannot be entered: /tmp
  std::optional<unsigned> umask;
  std::vector<int> cpus;                   ///< that it may run on; none: those of launch
  Rlimits rlimits;                         ///< set as far as the hard limits allow
  int in = -1, out = -1, err = -1;         ///< become 0, 1, 2; -1: launch's own
  std::string pid_variable;                ///< set to its pid; empty: none is
  bool is_shell_script = true;             ///< a file that exec does not know is read by /bin/sh, as execvp does it
  bool terminal = false;                   ///< `in` is a terminal, and becomes the one that controls it
  /// A command of the user's, as a shell starts it: it leads a process group, which, with `terminal`, is in the foreground of
  /// the one on standard input, and has the descriptors and ignored signals that we were started with. When launch dies it is
  /// told by SIGHUP, as when a terminal goes away.
  bool for_user = false;
};

/// What became of a Spawn. The process runs unless `error` says why it does not.
struct Spawned {
  pid_t pid = -1;
  int error = 0;        ///< errno of execve; the process has ended then and was reaped
  int chdir_error = 0;  ///< errno of entering work_dir; the process runs in /tmp
};

/// Starts a process. Throws LaunchError when there can be none (fork fails).
Spawned Spawn(const SpawnPlan& plan);

/// The file that `name` stands for on `path`, whose relative directories are taken from `here`: as it is when it holds a
/// slash, else the first executable one, else `name`, for execve to fail on.
std::string FindProgram(const std::string& name, const std::string& path, const std::string& here = "");

/// Exit code as a shell gives it: the code, or 128 + the signal.
int ShellCode(int wait_status);

}  // namespace launcher

#endif  // LAUNCHER_OS_PROCESS_H_
