// Host lists. What can be read can be folded, and read again to the same names; but for names with a bracket in them, as
// Slurm, too, makes them of `n[01[`.

#include <algorithm>
#include <string>
#include <string_view>

#include "text/hostlist.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  const std::string_view list(reinterpret_cast<const char*>(data), size);
  try {
    const auto names = launcher::ExpandHosts(list);
    if (names.size() > 10'000) return 0;  // slow, and nothing new
    const std::string folded = launcher::FoldHosts(names);
    launcher::FoldSortedHosts(names);
    const auto has_bracket = [](const std::string& name) { return name.find_first_of("[]") != name.npos; };
    if (std::any_of(names.begin(), names.end(), has_bracket)) return 0;
    if (launcher::ExpandHosts(folded) != names) __builtin_trap();
  } catch (const launcher::BadHostList&) {
  }
  return 0;
}
