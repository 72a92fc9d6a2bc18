#ifndef LAUNCHER_NODE_SLURM_ENV_H_
#define LAUNCHER_NODE_SLURM_ENV_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "node/nodes.h"
#include "os/env.h"
#include "spec/layout.h"
#include "spec/spec.h"
#include "text/filename.h"

namespace launcher {

/// The variable that EnvBlock fills in between fork and exec.
constexpr char kTaskPidName[] = "SLURM_TASK_PID";

/// Behind a variable's name, with the offset of the component of a heterogeneous job whose it is.
constexpr char kHetGroup[] = "_HET_GROUP_";

/// What the tasks of one step are told. Nodes are numbered within the step.
struct StepFacts {
  int id = 0;
  std::vector<std::string> nodes;  ///< names, in the step's order
  TaskIds tasks;                   ///< one list of ids for each of `nodes`
  Distribution distribution;
  bool distribution_given = false;  ///< srun outside of a job shows it only then
  bool inside_job = false;          ///< srun runs in an allocation that is not its own
  bool label = false;               ///< srun -l
  mode_t umask = 0022;              ///< of srun
  std::string launcher_address;     ///< IPv4 address of the host where srun runs
  int launcher_port = 0;            ///< port where the step's first node listens, if the job has others; 0: not known
};

/// Indices of the GPUs that the job may use on this node: those that the platform gave launch
/// itself (NVIDIA_VISIBLE_DEVICES or CUDA_VISIBLE_DEVICES, a comma list of numbers), else
/// 0..gpus-1.
std::vector<int> VisibleGpus(const Environment& own, int gpus);

/// The SLURM_* variables that are the same for every process of the job: facts, node list, counts.
Environment JobEnvironment(const LaunchSpec& spec, const Place& place);

/// What file names' patterns stand for in a process of the job that has the environment `own`.
FilenameFacts FactsOf(const Environment& own, int64_t job_id, const std::string& node_name);

/// What of it a command is told that works in the allocation from outside of its nodes, as salloc's does.
Environment AllocationEnvironment(Environment job);

/// The environment of the batch script: `base` (the composed one), JobEnvironment, and what is true
/// of the first node only. `own` is launch's own environment. SLURM_TASK_PID is left to EnvBlock.
Environment BatchEnvironment(const Environment& base, const LaunchSpec& spec, const Place& place,
                             const Environment& own);

/// The environment of a step, the same for all its tasks: srun's own (`base`, after --export), what
/// it lacks of `job` (JobEnvironment), and what srun sets. For role `tasks`, `base` is the composed
/// environment.
Environment StepEnvironment(const Environment& base, const Environment& job, const StepFacts& step);

/// What differs from node to node.
struct StepNode {
  int index = 0;          ///< number of this node within the step
  int cpus = 1;           ///< SLURM_CPUS_ON_NODE
  std::vector<int> gpus;  ///< GPUs of the step on this node
  std::vector<int> seen;  ///< those of them that the task sees
};

/// The environment of one task: StepEnvironment's plus what differs from task to task. `local` is
/// the task's number on the node. SLURM_TASK_PID is left to EnvBlock.
Environment TaskEnvironment(const Environment& step_base, const StepFacts& step,
                            const StepNode& node, int local);

}  // namespace launcher

#endif  // LAUNCHER_NODE_SLURM_ENV_H_
