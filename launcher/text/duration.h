#ifndef LAUNCHER_TEXT_DURATION_H_
#define LAUNCHER_TEXT_DURATION_H_

#include <cstdint>
#include <optional>
#include <string>

namespace launcher {

/// Seconds of a Slurm time limit, which counts in whole minutes, rounded up: "90", "90:30", "1:30:00", "2-12", "2-12:30",
/// "2-12:30:00". 0 is no limit: UNLIMITED, INFINITE, -1, 0. Nothing for anything else. Source: srun(1) --time.
std::optional<int64_t> ParseTimeLimit(const std::string& text);

}  // namespace launcher

#endif  // LAUNCHER_TEXT_DURATION_H_
