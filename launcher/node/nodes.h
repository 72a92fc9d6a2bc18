#ifndef LAUNCHER_NODE_NODES_H_
#define LAUNCHER_NODE_NODES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/env.h"

namespace launcher {

/// Where this launch stands among those of the same platform job.
struct Place {
  int rank = 0;                              ///< OMPI_COMM_WORLD_RANK
  int size = 1;                              ///< OMPI_COMM_WORLD_SIZE
  std::vector<std::string> names;            ///< all nodes, in order of rank, short names
  int node = 0;                              ///< index of our own node in `names`
  std::vector<std::string> first_addresses;  ///< IPv4, of node 0, likeliest first; may be empty

  const std::string& name() const { return names[static_cast<size_t>(node)]; }
};

/// What the finders may look at besides the environment.
struct HostView {
  std::string host_name;   ///< of uname()
  std::string hosts_file;  ///< text of /etc/hosts
};

/// Reads the real ones.
HostView ReadHostView();

/// Finds the place from the environment of launch (protocol.md §3). `nodes` is how many the spec
/// says there are, each with one launch (0: it does not say, and several may share a node). Throws
/// LaunchError (exit code 78) when there are more or fewer, or their names cannot be found.
Place FindPlace(const Environment& own, const HostView& host, int nodes);

// The finders, one thing each; nothing when it cannot tell.

/// Names of Open MPI's node regex: `job-master-[1:0],job-worker-[1:0-2]@0(4)`. The number before
/// the colon is how many digits a number has at least; text may follow a bracket; `@0(4)` numbers
/// daemons.
std::optional<std::vector<std::string>> NamesFromRegex(std::string_view regex);

/// Names by MLSpace's rule, from our own: `<job>-mpimaster-0`, then `<job>-mpiworker-0`, ...
std::optional<std::vector<std::string>> NamesFromRule(std::string_view own_name, int nodes);

/// The addresses in Open MPI's head-node URI: `123.0;tcp://10.0.0.5,192.168.0.5:37001`.
std::vector<std::string> AddressesFromUri(std::string_view uri);

/// The IPv4 address that a hosts file gives for `name`.
std::optional<std::string> AddressFromHosts(std::string_view hosts_file, std::string_view name);

/// Whether `text` is a dotted IPv4 address.
bool IsAddress(std::string_view text);

/// `name` up to its first dot; an address stays whole.
std::string ShortName(std::string_view name);

}  // namespace launcher

#endif  // LAUNCHER_NODE_NODES_H_
