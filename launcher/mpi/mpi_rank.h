#ifndef LAUNCHER_MPI_MPI_RANK_H_
#define LAUNCHER_MPI_MPI_RANK_H_

#include <string>
#include <vector>

namespace launcher {

// How a task of `srun --mpi=pmix` comes to what an mpirun tells a rank. The task is started as always, with its streams,
// its SLURM_* and its node's CPUs, as `launch mpi-task PROGRAM…`. mpirun starts `launch mpi-rank` in its place. Both
// meet on their node, at two named pipes in its runtime directory: the rank gives its variables, the task its pid, and
// executes the program. To Open MPI who has the variables is the rank: its daemon looks at the user, not at the process.

constexpr char kMpiTaskCommand[] = "mpi-task";
constexpr char kMpiRankCommand[] = "mpi-rank";

/// `launch mpi-task PROGRAM…`: waits for the rank's variables and becomes the program. Returns only where it cannot be
/// executed: errno, as slurmstepd ends then, with its line on stderr.
int MpiTaskMain(const std::vector<std::string>& args);

/// `launch mpi-rank JOB STEP`: gives the variables to the task of its number, lives as long as that, and ends it when
/// it is sent TERM.
int MpiRankMain(const std::vector<std::string>& args);

}  // namespace launcher

#endif  // LAUNCHER_MPI_MPI_RANK_H_
