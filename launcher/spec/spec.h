#ifndef LAUNCHER_SPEC_SPEC_H_
#define LAUNCHER_SPEC_SPEC_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "os/rlimits.h"
#include "spec/layout.h"

namespace launcher {

// What the login side wants done, as docs/protocol.md §2 defines it: plain data, already checked.

enum class Role { kBatch, kTasks, kExec };

/// A file of the job. Used on the node only if its directory there has this inode and owner: then
/// node and submit host see the same files. Without them it is opened as it is.
struct StdioFile {
  std::string path;  ///< absolute; may hold % patterns
  std::optional<uint64_t> inode;
  std::optional<uint32_t> owner;
};

struct Script {
  std::string text;
  std::vector<std::string> args;
  std::string name;  ///< for messages only
};

struct EnvPlan {
  enum class Mode { kImage, kShared };
  Mode mode = Mode::kImage;
  std::map<std::string, std::string> set;
  std::vector<std::string> unset;
  std::vector<std::string> named;  ///< set even where the image's own value would win
};

struct Stdio {
  std::optional<StdioFile> in;
  std::optional<StdioFile> out;  ///< none: launch's own stdout and stderr
  std::optional<StdioFile> err;  ///< none: the same as out
  bool append = false;           ///< open_mode
  bool label = false;            ///< srun -l
};

struct Limits {
  std::optional<int64_t> seconds;  ///< time limit
  std::optional<int> signal;       ///< sent `warn` seconds before it
  int64_t warn = 60;
  bool batch_only = false;  ///< that signal to the batch shell only; else to the steps only
  int64_t grace = 30;       ///< seconds between TERM and KILL
  bool no_kill = false;     ///< the job goes on when a node other than the first fails
  bool wait_all_nodes = false;  ///< the script starts when all nodes are there
};

enum class Mpi { kNone, kPmix, kOpenMpi };

/// A component of a heterogeneous job: a platform job of its own.
struct HetFacts {
  std::vector<int> ids;  ///< job ids of all components, in order; component 0 is the leader
  int offset = 0;        ///< number of this component
  std::string leader;    ///< submission of component 0
  std::vector<std::string> hosts;     ///< addresses or names of its first node, where `meeting` is not seen; may be empty
  std::optional<StdioFile> meeting;   ///< it writes its addresses there
  int64_t wait = 300;                 ///< seconds that components wait for each other

  bool is_leader() const { return offset == 0; }
};

struct JobFacts {
  int64_t id = 0;
  std::string name;
  std::string user;
  std::string group;
  std::string partition;
  std::string cluster;
  std::string submit_host;
  std::string submit_dir;
  uint32_t uid = 0;
  uint32_t gid = 0;
  int nodes = 1;
  std::vector<int> cpus_per_node;   ///< one per node
  std::vector<int> tasks_per_node;  ///< one per node
  std::vector<int> memory_per_node;  ///< MiB, one per node; empty: not known
  Distribution distribution;
  int gpus_per_node = 0;
  std::optional<int> step_gpus;  ///< GPUs of a node that a step gets which asks for none; not said: all
  std::map<std::string, std::string> env;  ///< SLURM_* that follow from the request alone
  int restart = 0;
  std::optional<HetFacts> het;

  /// The id that its processes know it by: of a heterogeneous job the leader's.
  int64_t shown_id() const { return het ? het->ids[0] : id; }
  bool is_component() const { return het && !het->is_leader(); }
};

struct LaunchSpec {
  Role role = Role::kExec;
  std::optional<JobFacts> job;  ///< always there for kBatch and kTasks
  std::optional<Script> script;
  std::vector<std::string> command;  ///< empty: none
  std::optional<std::string> shell;
  EnvPlan env;
  std::optional<std::string> work_dir;
  std::optional<unsigned> umask;
  Rlimits rlimits;               ///< names are known
  Stdio stdio;
  std::optional<StdioFile> report_file;
  Limits limits;
  Mpi mpi = Mpi::kNone;
  std::vector<std::string> step_options;  ///< of role tasks: further words for its srun
  std::string hpcx = "auto";
  std::string submission;        ///< 32 hex digits; empty: none
  std::string secret;            ///< 32 raw bytes; empty: none. Never printed
  std::optional<int64_t> owner;  ///< held allocation: seconds within which an owner must connect
  std::optional<std::string> commands;

  /// A batch job with neither script nor command only holds its nodes: for its owner, or for the leader of its heterogeneous job.
  bool is_held_allocation() const { return role == Role::kBatch && !script && command.empty(); }
};

/// Reads the flags that launch was started with (argv without argv[0]). Throws LaunchError, one
/// line and exit code 78, for whatever is wrong with them or with the document they carry.
LaunchSpec ReadSpec(const std::vector<std::string>& flags);

}  // namespace launcher

#endif  // LAUNCHER_SPEC_SPEC_H_
