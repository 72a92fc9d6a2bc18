#ifndef LAUNCHER_OS_USAGE_SUMMARY_H_
#define LAUNCHER_OS_USAGE_SUMMARY_H_

#include <array>
#include <cstdint>
#include <string>

#include "os/usage.h"

namespace launcher {

/// One of the things that tasks use: together, and which of them on which node used most and least.
struct UsageRange {
  int64_t total = 0;
  int64_t most = 0;
  int most_task = 0;
  int most_node = 0;  ///< number within the step
  int64_t least = 0;
  int least_task = 0;
  int least_node = 0;
};

/// What the tasks of a step have used that have ended.
class UsageSummary {
 public:
  void Add(int task, int node, const Usage& usage);

  int64_t cpu_ms() const { return ranges_[kCpu].total; }
  int64_t system_ms() const { return system_ms_; }
  int64_t resident_bytes() const { return ranges_[kResident].total; }  ///< the most of each, together
  bool is_empty() const { return tasks_ == 0; }

  /// A JSON object: "tasks", "system", and for each range an array of its seven numbers (docs/protocol.md §5).
  std::string Json() const;

 private:
  /// Of `ranges_`, those that have a getter.
  static constexpr size_t kCpu = 0;
  static constexpr size_t kResident = 1;

  int tasks_ = 0;
  int64_t system_ms_ = 0;
  std::array<UsageRange, 6> ranges_;  ///< in the order of the table in usage_summary.cpp
};

}  // namespace launcher

#endif  // LAUNCHER_OS_USAGE_SUMMARY_H_
