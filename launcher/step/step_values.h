#ifndef LAUNCHER_STEP_STEP_VALUES_H_
#define LAUNCHER_STEP_STEP_VALUES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace launcher {

// Values of srun's options, as their words write them. Nothing for words that are none.

/// MiB of `500`, `2G`, `512K` (rounded up), …
std::optional<int64_t> ReadMemoryMib(const std::string& text);

/// GPUs of `2`, `a100:2`, `a100:2,v100:1`: a job has GPUs of one type, so that types add up.
std::optional<int> ReadGpus(const std::string& text);

/// GPUs of each node in `gpu`, `gpu:2`, `gpu:a100:2` and lists of these; 0 of `none`.
std::optional<int> ReadGres(const std::string& text);

struct NodeRange {
  int least = 0;
  int most = 0;
};

/// `2`, `2-4`. Throws LaunchError, exit code 255, with srun's words.
NodeRange ReadNodeRange(const std::string& text);

/// Names of nodes in a file, between blanks, commas and line ends. Throws LaunchError, exit code 1, with srun's words.
std::vector<std::string> ReadHostFile(const std::string& path);

}  // namespace launcher

#endif  // LAUNCHER_STEP_STEP_VALUES_H_
