#ifndef LAUNCHER_MPI_MPI_H_
#define LAUNCHER_MPI_MPI_H_

#include <string>
#include <string_view>
#include <vector>

#include "mpi/hpcx.h"
#include "node/nodes.h"
#include "os/env.h"

namespace launcher {

// What the job's processes need so that the node's own Open MPI finds its nodes. Under Slurm it reads
// SLURM_* and starts its daemons by srun, which here is ours; compat/decisions/0007-mpi.md.

/// Set for the mpirun of a step, to the step's nodes: the srun that it calls starts its daemons, on all of them if it
/// names none.
constexpr char kMpiDaemonsName[] = "MLSPACE_MPI_DAEMONS";

/// Whether an mpirun sets this variable for the ranks that it starts, and nobody else does.
bool IsRankVariable(std::string_view name);

/// Takes those away where `environment` is that of a rank: an mpirun that finds them takes itself for
/// one, and does not start. What users set (OMPI_MCA_btl, OMPI_CC, PMIX_INSTALL_PREFIX, …) stays, and
/// so do all names in `named`.
void RemoveRankVariables(const std::vector<std::string>& named, Environment* environment);

/// What Open MPI has to be told where all nodes are names of this one machine, as on the embedded
/// MLSpace; empty elsewhere. `has_network`: an interface besides the loopback one is up.
Environment OneMachineSettings(const Place& place, const HostView& host, bool has_network);

/// Whether this machine has such an interface.
bool HasNetwork();

/// Where the Open MPI lies whose mpirun is the first on the PATH; empty: there is none.
std::string OpenMpiPrefix(const Environment& environment);

/// Whether the Open MPI in `prefix` has plugins, and none for Slurm: it knows nothing of SLURM_*. One
/// whose plugins are built in has that for Slurm, too, unless somebody took it out by hand.
bool LacksSlurm(const std::string& prefix, const FileProbe& files);

/// What such an Open MPI is told instead: the file with the nodes and their slots, and ssh on the port
/// on which the platform's nodes answer.
Environment HostFileSettings(const std::string& host_file);

/// Text of that file: `n1 slots=2`, a line for each node.
std::string HostFileText(const std::vector<std::string>& names, const std::vector<int>& slots);

/// Sets the variables of `defaults` that `environment` does not have, nor what excludes them.
void SetDefaults(const Environment& defaults, Environment* environment);

}  // namespace launcher

#endif  // LAUNCHER_MPI_MPI_H_
