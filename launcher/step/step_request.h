#ifndef LAUNCHER_STEP_STEP_REQUEST_H_
#define LAUNCHER_STEP_STEP_REQUEST_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "binding/cpu_plan.h"
#include "channel/channel.h"
#include "os/pseudo_terminal.h"
#include "os/rlimits.h"

namespace launcher {

// What an srun asks the first node for, in parts, each of which packs and unpacks its own fields (docs/protocol.md §6).
// Zero and empty mean: not said.

/// Where tasks go.
struct PlacementRequest {
  int tasks = 0;
  int nodes = 0;                     ///< at most
  int least_nodes = 0;
  int tasks_per_node = 0;
  int relative = 0;                  ///< -r: number of the first node within the job
  std::string distribution;          ///< as srun(1) --distribution
  bool nodes_are_the_jobs = false;   ///< their number is only the job's own: with a node that has failed it is less
  std::vector<std::string> with;     ///< -w: node names
  std::vector<std::string> without;  ///< -x

  void Pack(Packer* packer) const;
  static PlacementRequest Unpack(Unpacker* fields);
};

/// What they hold of their nodes while they run.
struct ResourceRequest {
  int cpus_per_task = 0;
  int gpus = 0;           ///< of all nodes together
  int gpus_per_node = 0;
  int gpus_per_task = 0;
  bool no_gpus = false;   ///< --gres=none
  int64_t memory_per_node_mib = 0;
  int64_t memory_per_cpu_mib = 0;
  int64_t memory_per_gpu_mib = 0;
  bool exact = false;     ///< of its nodes only what it asks for; else they are its own as a whole
  bool overlap = false;   ///< shares all with other steps
  bool overcommit = false;
  int immediate_seconds = 0;  ///< -I: wait no longer than that for what is not free; 1: not at all; 0: as long as it takes

  void Pack(Packer* packer) const;
  static ResourceRequest Unpack(Unpacker* fields);
};

constexpr int kInputAll = -1;
constexpr int kInputNone = -2;

/// What becomes of their streams.
struct StreamRequest {
  int input_task = kInputAll;  ///< the one task that gets standard input, or kInputAll, kInputNone
  bool label = false;
  bool terminal = false;     ///< --pty: task 0 has a terminal, the others have no streams
  WindowSize window;         ///< its size at the start

  void Pack(Packer* packer) const;
  static StreamRequest Unpack(Unpacker* fields);
};

/// What they are bound to.
struct BindingRequest {
  std::string cpu;              ///< --cpu-bind, as SLURM_CPU_BIND spells it
  bool cpu_is_implied = false;  ///< another option asks for it: it holds where the job has all CPUs of the machine
  int cpus_per_task = 0;
  SocketOrder sockets = SocketOrder::kCyclic;
  int threads_per_core = 0;     ///< so many of each core are used; 0: all
  std::string gpu;              ///< --gpu-bind, or what other options make of it

  void Pack(Packer* packer) const;
  static BindingRequest Unpack(Unpacker* fields);
};

/// What they are and what they see.
struct TaskWorld {
  std::vector<std::string> command;
  std::vector<std::vector<std::string>> programs;  ///< in place of the command: --multi-prog, by task; in a share, by its tasks
  std::vector<std::string> environment;  ///< NAME=value, of all tasks; what differs between them is added on the node
  std::string work_dir;
  int umask = 022;
  bool keep_counts = false;  ///< -E: numbers of nodes and tasks in the environment stay as they are
  Rlimits rlimits;
  std::string prolog;  ///< --task-prolog; empty: none
  std::string epilog;  ///< --task-epilog; empty: none
  BindingRequest binding;
  bool by_mpirun = false;  ///< they are ranks of the step's mpirun (mpi_rank.h)

  void Pack(Packer* packer) const;
  static TaskWorld Unpack(Unpacker* fields);
};

/// What ends them.
struct StepLimits {
  int64_t seconds = 0;       ///< -t: time limit; 0: the job's
  bool no_kill = false;      ///< -k: goes on when one of its nodes fails

  void Pack(Packer* packer) const;
  static StepLimits Unpack(Unpacker* fields);
};

/// A step over several components of a heterogeneous job, of which each has a part: what all tasks are told of it. No nodes: there is
/// only this part.
struct WholeStep {
  int first_task = 0;   ///< number within the whole of this part's task 0
  int first_node = 0;   ///< likewise
  std::vector<std::string> nodes;  ///< of all parts
  std::vector<int> tasks_per_node;

  void Pack(Packer* packer) const;
  static WholeStep Unpack(Unpacker* fields);
};

struct StepRequest {
  std::string name;
  int number = -1;          ///< its id, which the leader of a heterogeneous job has given; -1: the next
  bool is_held = false;  ///< its tasks start when START_STEP comes
  bool is_daemons = false;  ///< of a step's mpirun: it has no number, holds nothing, and nobody hears of it
  PlacementRequest placement;
  ResourceRequest resources;
  StreamRequest streams;
  TaskWorld world;
  StepLimits limits;

  std::string Pack() const;
  static StepRequest Unpack(std::string_view payload);
};

}  // namespace launcher

#endif  // LAUNCHER_STEP_STEP_REQUEST_H_
