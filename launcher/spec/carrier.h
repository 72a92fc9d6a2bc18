#ifndef LAUNCHER_SPEC_CARRIER_H_
#define LAUNCHER_SPEC_CARRIER_H_

#include <string>
#include <string_view>
#include <vector>

namespace launcher {

/// The job description as the flags carried it, its checksum already compared.
struct Carried {
  int version = 1;   ///< 1, or 0 for the document of the older launcher
  std::string json;  ///< not parsed yet
};

/// Reads the flags of docs/protocol.md §1, parts or file. Throws LaunchError (exit code 78) with
/// one line that names the flag to blame.
Carried ReadCarrier(const std::vector<std::string>& flags);

/// `text` as an error line may show it: at most 300 characters, what is not printable ASCII as `?`.
std::string Printable(std::string_view text);

}  // namespace launcher

#endif  // LAUNCHER_SPEC_CARRIER_H_
