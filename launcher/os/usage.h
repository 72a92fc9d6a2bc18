#ifndef LAUNCHER_OS_USAGE_H_
#define LAUNCHER_OS_USAGE_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace launcher {

/// What processes have used. Those that have ended count in CPU time, pages and bytes, if their parents have waited for them.
struct Usage {
  int64_t cpu_ms = 0;          ///< user and system
  int64_t system_ms = 0;       ///< of these, those of the system
  int64_t resident_bytes = 0;  ///< together now, or the most that one of them had, if that is more
  int64_t virtual_bytes = 0;   ///< likewise
  int64_t page_faults = 0;     ///< those that had to read
  int64_t read_bytes = 0;      ///< by system calls, from whatever it was, as Slurm counts them
  int64_t written_bytes = 0;
};

/// Measures processes by /proc; one that has ended meanwhile has used nothing.
Usage MeasureUsage(const std::vector<pid_t>& processes);

/// The most of each that one of the two says.
Usage MostOf(const Usage& one, const Usage& other);

/// What a process has used altogether that has ended and that waitid(2) has left there; waits for it.
Usage TakeUsage(pid_t ended, int* wait_status);

/// Adds what /proc/<pid>/stat, status and io say; memory that one process had goes to `most`. Apart for its test.
void AddUsage(const std::string& stat, const std::string& status, const std::string& io, Usage* sum, Usage* most);

}  // namespace launcher

#endif  // LAUNCHER_OS_USAGE_H_
