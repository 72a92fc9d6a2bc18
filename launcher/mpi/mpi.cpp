#include "mpi/mpi.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <algorithm>

#include "os/process.h"

namespace launcher {
namespace {

// Beginnings of names. Source: `mpirun env` of Open MPI 4.1 with and without the options for mapping,
// binding and tagging; PRRTE's have the same words behind PRTE_MCA_.
constexpr std::string_view kRankVariables[] = {
    "OMPI_APP_CTX_NUM_PROCS",
    "OMPI_ARGV",
    "OMPI_COMMAND",
    "OMPI_COMM_WORLD_",
    "OMPI_FILE_LOCATION",
    "OMPI_FIRST_RANKS",
    "OMPI_MCA_ess",
    "OMPI_MCA_hwloc_base_binding_policy",
    "OMPI_MCA_initial_wdir",
    "OMPI_MCA_mpi_oversubscribe",
    "OMPI_MCA_orte_",
    "OMPI_MCA_pmix",
    "OMPI_MCA_rmaps_",
    "OMPI_MCA_shmem_RUNTIME_QUERY_hint",
    "OMPI_NUM_APP_CTX",
    "OMPI_UNIVERSE_SIZE",
    "PMIX_",
    "PRTE_LAUNCHED",
    "PRTE_MCA_ess",
    "PRTE_MCA_pmix",
    "PRTE_MCA_prte_",
};

// The exceptions: an installation's place, and settings.
constexpr std::string_view kUsersVariables[] = {"PMIX_INSTALL_PREFIX", "PMIX_MCA_"};

// The platform's nodes answer there, and know each other's keys. Source: mlspace-facts §3.
constexpr const char* kRemoteShell =
    "ssh -p 2222 -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";

bool BeginsWith(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

template <typename List>
bool HasBeginningIn(std::string_view name, const List& list) {
  return std::any_of(std::begin(list), std::end(list), [&](std::string_view start) { return BeginsWith(name, start); });
}

bool IsOnLoopback(const std::string& name, const HostView& host) {
  if (IsAddress(name)) return BeginsWith(name, "127.");
  const auto address = AddressFromHosts(host.hosts_file, name);
  return address && BeginsWith(*address, "127.");
}

/// Open MPI takes no list of what to use beside one of what to leave out.
std::string Opposite(const std::string& name) {
  constexpr std::string_view kEnd = "_include";
  const size_t at = name.size() < kEnd.size() ? std::string::npos : name.rfind(kEnd);
  return at == std::string::npos ? name : name.substr(0, at) + "_exclude";
}

/// Directories in which builds keep their plugins: as configure chooses, and as Debian does.
std::vector<std::string> PluginDirectories(const std::string& prefix, const FileProbe& files) {
  std::vector<std::string> found = {prefix + "/lib/openmpi", prefix + "/lib64/openmpi"};
  for (const std::string& name : files.List(prefix + "/lib")) {
    if (name.find("-linux-gnu") != std::string::npos) {
      found.push_back(prefix + "/lib/" + name + "/openmpi/lib/openmpi3");
    }
  }
  return found;
}

}  // namespace

bool IsRankVariable(std::string_view name) {
  return HasBeginningIn(name, kRankVariables) && !HasBeginningIn(name, kUsersVariables);
}

void RemoveRankVariables(const std::vector<std::string>& named, Environment* environment) {
  if (!environment->Has("OMPI_COMM_WORLD_RANK") && !environment->Has("PMIX_RANK")) return;
  const Environment old = *environment;
  for (const auto& [name, value] : old.variables()) {
    const bool is_named = std::find(named.begin(), named.end(), name) != named.end();
    if (IsRankVariable(name) && !is_named) environment->Unset(name);
  }
}

Environment OneMachineSettings(const Place& place, const HostView& host, bool has_network) {
  Environment settings;
  const auto is_here = [&](const std::string& name) { return IsOnLoopback(name, host); };
  if (place.names.size() < 2 || !std::all_of(place.names.begin(), place.names.end(), is_here)) return settings;
  // mpirun tells its daemons all addresses of the machine; a network that comes and goes must not matter to them.
  settings.Set("OMPI_MCA_oob_tcp_if_include", "lo");
  // For messages, Open MPI leaves the loopback interface out: to it, other nodes are other machines. It is not named
  // where there is another one, by which the nodes reach each other as well: a user who says --mca btl_tcp_if_exclude …
  // beside that would get an error.
  if (!has_network) settings.Set("OMPI_MCA_btl_tcp_if_include", "lo");
  // Shared memory is named after the host. Nodes with one name between them would write into each other's. The others
  // of the list are those that Debian's own configuration, which this one replaces, leaves out.
  if (ShortName(host.host_name) != place.name()) settings.Set("OMPI_MCA_btl", "^vader,uct,openib,ofi");
  return settings;
}

bool HasNetwork() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return true;  // cannot tell: leave Open MPI to itself
  bool found = false;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    const bool is_up = (entry->ifa_flags & IFF_UP) != 0 && (entry->ifa_flags & IFF_LOOPBACK) == 0;
    if (is_up && entry->ifa_addr != nullptr && entry->ifa_addr->sa_family == AF_INET) found = true;
  }
  freeifaddrs(list);
  return found;
}

std::string OpenMpiPrefix(const Environment& environment) {
  const std::string program = FindProgram("mpirun", environment.Get("PATH", "/usr/bin:/bin"));
  if (program.find('/') == std::string::npos) return "";
  const std::string moved = environment.Get("OPAL_PREFIX");
  if (!moved.empty()) return moved;
  char* resolved = realpath(program.c_str(), nullptr);  // /usr/bin/mpirun may lead to another installation
  if (resolved == nullptr) return "";
  const std::string path = resolved;
  free(resolved);
  const size_t bin = path.rfind('/');
  const size_t end = bin == 0 ? std::string::npos : path.rfind('/', bin - 1);
  return end == std::string::npos ? "" : path.substr(0, end);
}

bool LacksSlurm(const std::string& prefix, const FileProbe& files) {
  if (prefix.empty()) return false;
  for (const std::string& directory : PluginDirectories(prefix, files)) {
    const std::vector<std::string> names = files.List(directory);
    const auto has = [&](const char* name) { return std::find(names.begin(), names.end(), name) != names.end(); };
    if (has("mca_plm_rsh.so")) return !has("mca_plm_slurm.so");
  }
  return false;
}

Environment HostFileSettings(const std::string& host_file) {
  return {{"OMPI_MCA_orte_default_hostfile", host_file}, {"OMPI_MCA_plm_rsh_agent", kRemoteShell}};
}

std::string HostFileText(const std::vector<std::string>& names, const std::vector<int>& slots) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) text += names[i] + " slots=" + std::to_string(slots.at(i)) + "\n";
  return text;
}

void SetDefaults(const Environment& defaults, Environment* environment) {
  for (const auto& [name, value] : defaults.variables()) {
    if (!environment->Has(name) && !environment->Has(Opposite(name))) environment->Set(name, value);
  }
}

}  // namespace launcher
