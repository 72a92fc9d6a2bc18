#ifndef LAUNCHER_SPEC_LAYOUT_H_
#define LAUNCHER_SPEC_LAYOUT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace launcher {

/// How task ids are dealt to nodes, srun's --distribution.
struct Distribution {
  enum class Kind { kBlock, kCyclic, kPlane, kArbitrary };
  Kind kind = Kind::kBlock;
  int plane_size = 0;   ///< of kPlane: how many consecutive tasks go to a node at a time
  std::string sockets;  ///< what followed about sockets and cores, ":cyclic": shown again, no more
};

/// Reads `block`, `cyclic`, `plane=N`, `arbitrary` and `*` (block) in either case, the first two
/// with an optional `:level2:level3` and `,pack` or `,nopack`; nothing for other words.
std::optional<Distribution> ParseDistribution(std::string_view text);

/// What srun takes inside a job when it is not told: cyclic for one task a node at most, else
/// block.
Distribution DefaultDistribution(int tasks, int nodes);

/// As SLURM_DISTRIBUTION spells it: `block`, `cyclic:block`, `plane` (without its size),
/// `arbitrary`.
std::string DistributionName(const Distribution& distribution);

/// As srun's --distribution takes it: DistributionName with the size of planes.
std::string DistributionOption(const Distribution& distribution);

/// For each node the global ids of its tasks, ascending; ids are 0..tasks-1, each exactly once.
using TaskIds = std::vector<std::vector<int>>;

/// What a step asks for on nodes that are already chosen.
struct LayoutRequest {
  int tasks = 1;
  std::vector<int> cpus_per_node;  ///< CPUs that the step may use on each node, one per node
  int cpus_per_task = 1;
  Distribution distribution;  ///< kArbitrary counts as kBlock: see NumberByHost
  bool overcommit = false;    ///< more tasks than CPUs are allowed
};

/// Tasks onto nodes as Slurm does it: every node gets one in turn while it has CPUs left (a plane
/// in turn for kPlane). Throws LaunchError (exit code 1), Slurm's words, when the tasks do not fit.
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

#endif  // LAUNCHER_SPEC_LAYOUT_H_
