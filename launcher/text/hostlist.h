#ifndef LAUNCHER_TEXT_HOSTLIST_H_
#define LAUNCHER_TEXT_HOSTLIST_H_

#include <string>
#include <string_view>
#include <vector>

#include "text/error.h"

namespace launcher {

/// A host list that cannot be read; what() is Slurm's "Invalid hostlist: n[3-1]", exit code 1.
class BadHostList : public LaunchError {
 public:
  BadHostList(std::string_view list, const std::string& detail)
      : LaunchError("Invalid hostlist: " + std::string(list), 1), detail_(detail) {}

  /// The piece to blame, as Slurm logs it before: "Invalid range: `3-1'"; empty: none.
  const std::string& detail() const { return detail_; }

 private:
  std::string detail_;
};

/// The names that a Slurm host list stands for, in order, doubles kept: `n[1-2,7],m` is n1 n2 n7 m.
/// Widths stay (`a[01-03]`). Of several brackets the last runs fastest, then the first, the second
/// and so on, as in Slurm. Names are separated by commas or white space.
/// Throws BadHostList.
/// Source: scontrol(1) show hostnames; tests/contract/hostlists.json.
std::vector<std::string> ExpandHosts(std::string_view list);

/// The shortest list that gives `names` back in the same order, as `scontrol show hostlist` writes
/// it: only neighbours that count up by one are joined, so n1 n3 n2 is `n[1,3,2]`.
std::string FoldHosts(const std::vector<std::string>& names);

/// The same for the sorted names, doubles kept, as `scontrol show hostlistsorted` writes them.
std::string FoldSortedHosts(const std::vector<std::string>& names);

}  // namespace launcher

#endif  // LAUNCHER_TEXT_HOSTLIST_H_
