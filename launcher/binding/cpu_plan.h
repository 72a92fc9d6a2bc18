#ifndef LAUNCHER_BINDING_CPU_PLAN_H_
#define LAUNCHER_BINDING_CPU_PLAN_H_

#include <string>
#include <vector>

#include "binding/cpu_bind.h"

namespace launcher {

/// One CPU of this machine that launch, and so its tasks, may run on.
struct Cpu {
  int number = 0;  ///< the kernel's
  int core = 0;    ///< equal for the threads of one core; unique in the machine
  int socket = 0;
  int domain = 0;  ///< NUMA node
};

/// Those CPUs, by number. `system` is the directory of /sys/devices/system; what it does not tell counts as one socket and
/// one domain, and as a core of its own.
std::vector<Cpu> OwnCpus(const std::string& system = "/sys/devices/system");

/// How tasks take the CPUs of a node's sockets: one socket after the other in turn, each filled before the next, or in turn for
/// every CPU of a task. Source: srun(1) --distribution, the second level.
enum class SocketOrder { kCyclic, kBlock, kFullCyclic };

/// What a share's tasks are to be bound to.
struct CpuRequest {
  CpuBind bind;
  std::vector<Cpu> machine;
  std::vector<int> held;  ///< the step's CPUs: places in `machine`; on a node that is larger than its machine, beyond it, too
  int tasks = 1;
  int cpus_per_task = 1;
  SocketOrder sockets = SocketOrder::kCyclic;
  int threads_per_core = 0;  ///< of each core so many are used; 0: all
};

/// For each task the kernel's numbers of its CPUs, ascending; none: it is not bound.
struct CpuPlan {
  std::vector<std::vector<int>> tasks;
  std::vector<int> missing;  ///< CPUs (places in the node, not the kernel's numbers) that the machine does not have
};

/// Who is bound to what, as Slurm's task/affinity does it. A CPU that a list names is a place among those of the node, which is
/// the kernel's number where the node has all CPUs of the machine. Source: srun(1) --cpu-bind; slurmd 22.05 with task/affinity.
CpuPlan PlanCpus(const CpuRequest& request);

/// `0x3` for CPUs 0 and 1; `0x0` for none.
std::string CpuMask(const std::vector<int>& cpus);

/// What the tasks of this node are told: an automatic binding as the masks that were made.
CpuBind ToldBind(const CpuBind& bind, const CpuPlan& plan);

}  // namespace launcher

#endif  // LAUNCHER_BINDING_CPU_PLAN_H_
