#ifndef LAUNCHER_SRUN_SRUN_H_
#define LAUNCHER_SRUN_SRUN_H_

#include <string>
#include <vector>

namespace launcher {

/// srun: runs a program as a step of a job whose runtime directory is on this node. `args` without the
/// command's name. Returns the highest exit code of the tasks, 128 + n after a signal.
int SrunMain(const std::vector<std::string>& args);

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_H_
