#ifndef LAUNCHER_LAYOUT_H_
#define LAUNCHER_LAYOUT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace launcher {

/// How task ids are dealt to nodes, srun's --distribution (first level only; ":block" and so on
/// after it speak of sockets, which are the node's own affair).
struct Distribution {
  enum class Kind { kBlock, kCyclic, kPlane, kArbitrary };
  Kind kind = Kind::kBlock;
  int plane_size = 0;  ///< of kPlane: how many consecutive tasks go to a node at a time
};

/// Reads `block`, `cyclic`, `plane=N`, `arbitrary` and `*`, each with an optional `:level2:level3`;
/// nothing for other words.
std::optional<Distribution> ParseDistribution(std::string_view text);

/// The first level as SLURM_DISTRIBUTION spells it: `block`, `cyclic`, `plane=4`, `arbitrary`.
std::string DistributionName(const Distribution& distribution);

/// For each node the global ids of its tasks, ascending; ids are 0..tasks-1, each exactly once.
using TaskIds = std::vector<std::vector<int>>;

/// What a step asks for on nodes that are already chosen.
struct LayoutRequest {
  int tasks = 1;
  std::vector<int> cpus_per_node;      ///< CPUs that the step may use on each node, one per node
  int cpus_per_task = 1;
  std::optional<int> tasks_per_node;   ///< --ntasks-per-node: at most so many on a node
  Distribution distribution;           ///< not kArbitrary: that one is NumberByHost
  bool overcommit = false;             ///< more tasks than CPUs are allowed
};

/// Tasks onto nodes as Slurm does it. Throws LaunchError (exit code 1) when the tasks do not fit.
/// Source: srun(1) --distribution; tests/contract/layouts.json.
TaskIds LayOut(const LayoutRequest& request);

/// Ids for counts that are already known, `JobFacts::tasks_per_node` for one.
TaskIds NumberTasks(const std::vector<int>& tasks_per_node, const Distribution& distribution);

/// Ids for kArbitrary: `node_of_task[i]` is the index of the node that task i goes to.
TaskIds NumberByHost(const std::vector<int>& node_of_task, int nodes);

/// How many tasks each node has.
std::vector<int> CountTasks(const TaskIds& ids);

/// Counts per node as SLURM_TASKS_PER_NODE and SLURM_JOB_CPUS_PER_NODE write them: `2(x3),1`.
std::string FoldCounts(const std::vector<int>& counts);

}  // namespace launcher

#endif  // LAUNCHER_LAYOUT_H_
