#ifndef LAUNCHER_MPI_MPI_WIRE_UP_H_
#define LAUNCHER_MPI_MPI_WIRE_UP_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "os/supervisor.h"

namespace launcher {

/// What mpirun must know of a step.
struct MpiStep {
  int64_t job = 0;
  int step = 0;
  std::vector<std::string> nodes;
  std::vector<int> tasks_per_node;
  std::vector<std::string> node_of_task;  ///< by global id
  Environment environment;                ///< of the step's tasks
};

/// mpirun's command line: a stand-in for each task, on the node and in the order that srun has chosen. `host_file`
/// holds a line for each task.
std::vector<std::string> MpirunCommand(const std::string& launch, const std::string& host_file, const MpiStep& step);

/// Its environment: the step's nodes as an allocation of their own, and none of srun's input variables. `job_dir`: the node's
/// runtime directory; `settings`: what Open MPI needs here (HpcxPlan, MpiSettings), where the step has none of its own.
Environment MpirunEnvironment(const MpiStep& step, const std::string& job_dir, const Environment& settings);

/// The mpirun of one step, on the first node. It tells the tasks of each other (mpi_rank.h), and ends with them.
class MpiWireUp {
 public:
  /// `failed` is called with what mpirun said when it ends otherwise: one of the tasks has aborted, or has left without
  /// MPI_Finalize, or mpirun could not do its work.
  using Failed = std::function<void(const std::string& said)>;

  /// Throws LaunchError, with srun's words, where there is no mpirun.
  static void Check(const Environment& environment);

  MpiWireUp(Loop* loop, Supervisor* supervisor, const MpiStep& step, const std::string& job_dir, const Environment& settings,
            Failed failed);
  MpiWireUp(const MpiWireUp&) = delete;
  MpiWireUp& operator=(const MpiWireUp&) = delete;
  ~MpiWireUp();

 private:
  struct Mpirun;
  std::shared_ptr<Mpirun> mpirun_;  ///< outlives the step until it has ended
};

}  // namespace launcher

#endif  // LAUNCHER_MPI_MPI_WIRE_UP_H_
