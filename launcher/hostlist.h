#ifndef LAUNCHER_HOSTLIST_H_
#define LAUNCHER_HOSTLIST_H_

#include <string>
#include <string_view>
#include <vector>

namespace launcher {

/// The names that a Slurm host list stands for, in order, doubles kept: `n[1-2,7],m` is n1 n2 n7 m.
/// Widths stay (`a[01-03]`); of several brackets the last runs fastest (`x[1-2]y[3-4]`).
/// Throws LaunchError (exit code 1) with Slurm's wording for a list that cannot be read.
/// Source: scontrol(1) show hostnames; tests/contract/hostlists.json.
std::vector<std::string> ExpandHosts(std::string_view list);

/// The shortest list that gives `names` back in the same order, as `scontrol show hostlist` writes
/// it: only neighbours that count up by one are joined, so n1 n3 n2 is `n[1,3,2]`.
std::string FoldHosts(const std::vector<std::string>& names);

/// The same for the sorted names without doubles, as `scontrol show hostlistsorted` and squeue
/// write them.
std::string FoldSortedHosts(const std::vector<std::string>& names);

}  // namespace launcher

#endif  // LAUNCHER_HOSTLIST_H_
