#ifndef LAUNCHER_JOB_HOLD_H_
#define LAUNCHER_JOB_HOLD_H_

#include <string>
#include <vector>

namespace launcher {

/// `launch hold`, which salloc becomes when its allocation is there: runs a command on this host with the job's
/// SLURM_* variables and holds the allocation as its owner meanwhile (docs/protocol.md §7).
int HoldMain(const std::vector<std::string>& args);

}  // namespace launcher

#endif  // LAUNCHER_JOB_HOLD_H_
