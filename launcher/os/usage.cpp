#include "os/usage.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "os/fd.h"

namespace launcher {
namespace {

// Fields of /proc/<pid>/stat behind the name, counted from 0 (its third is 0). Source: proc(5).
constexpr size_t kMajorFaults = 9;
constexpr size_t kChildrensMajorFaults = 10;
constexpr size_t kFirstTime = 11;  ///< utime, stime, cutime, cstime
constexpr size_t kTimes = 4;
constexpr size_t kSecondIsSystem = 2;  ///< of two times, the second is the system's

std::string ReadWhole(pid_t pid, const char* name) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[4096];  // more than any of these files has
  const ssize_t got = file ? read(file.get(), text, sizeof text) : -1;
  return got > 0 ? std::string(text, static_cast<size_t>(got)) : std::string();
}

/// The number behind "NAME:" at the beginning of a line; 0 where there is none, as of a kernel thread.
int64_t NumberOf(const std::string& text, const std::string& name) {
  const std::string key = "\n" + name + ":";
  const std::string lines = "\n" + text;
  const size_t at = lines.find(key);
  return at == lines.npos ? 0 : std::atoll(lines.c_str() + at + key.size());
}

int64_t MillisecondsOf(const timeval& time) { return time.tv_sec * 1000 + time.tv_usec / 1000; }

int64_t KibOf(const std::string& status, const std::string& name) { return NumberOf(status, name) * 1024; }

}  // namespace

void AddUsage(const std::string& stat, const std::string& status, const std::string& io, Usage* sum, Usage* most) {
  const size_t bracket = stat.rfind(')');
  if (bracket == stat.npos) return;
  std::istringstream words(stat.substr(bracket + 1));
  std::vector<int64_t> fields;
  for (std::string word; words >> word;) fields.push_back(std::atoll(word.c_str()));
  if (fields.size() < kFirstTime + kTimes) return;
  const int64_t ticks_per_second = sysconf(_SC_CLK_TCK);
  for (size_t i = 0; i < kTimes; ++i) {
    const int64_t milliseconds = fields[kFirstTime + i] * 1000 / ticks_per_second;
    sum->cpu_ms += milliseconds;
    if (i % kSecondIsSystem == 1) sum->system_ms += milliseconds;
  }
  sum->page_faults += fields[kMajorFaults] + fields[kChildrensMajorFaults];
  sum->resident_bytes += KibOf(status, "VmRSS");
  sum->virtual_bytes += KibOf(status, "VmSize");
  sum->read_bytes += NumberOf(io, "rchar");
  sum->written_bytes += NumberOf(io, "wchar");
  most->resident_bytes = std::max(most->resident_bytes, KibOf(status, "VmHWM"));
  most->virtual_bytes = std::max(most->virtual_bytes, KibOf(status, "VmPeak"));
}

Usage MeasureUsage(const std::vector<pid_t>& processes) {
  Usage sum, most;
  for (const pid_t pid : processes) AddUsage(ReadWhole(pid, "stat"), ReadWhole(pid, "status"), ReadWhole(pid, "io"), &sum, &most);
  sum.resident_bytes = std::max(sum.resident_bytes, most.resident_bytes);
  sum.virtual_bytes = std::max(sum.virtual_bytes, most.virtual_bytes);
  return sum;
}

Usage MostOf(const Usage& one, const Usage& other) {
  Usage most;
  most.cpu_ms = std::max(one.cpu_ms, other.cpu_ms);
  most.system_ms = std::max(one.system_ms, other.system_ms);
  most.resident_bytes = std::max(one.resident_bytes, other.resident_bytes);
  most.virtual_bytes = std::max(one.virtual_bytes, other.virtual_bytes);
  most.page_faults = std::max(one.page_faults, other.page_faults);
  most.read_bytes = std::max(one.read_bytes, other.read_bytes);
  most.written_bytes = std::max(one.written_bytes, other.written_bytes);
  return most;
}

/// Of memory the kernel keeps the most that one process had; of bytes /proc tells until the process has been waited for.
Usage TakeUsage(pid_t ended, int* wait_status) {
  const std::string io = ReadWhole(ended, "io");
  rusage used{};
  if (wait4(ended, wait_status, 0, &used) != ended) return {};
  Usage usage;
  usage.system_ms = MillisecondsOf(used.ru_stime);
  usage.cpu_ms = MillisecondsOf(used.ru_utime) + usage.system_ms;
  usage.resident_bytes = used.ru_maxrss * 1024;
  usage.page_faults = used.ru_majflt;
  usage.read_bytes = NumberOf(io, "rchar");
  usage.written_bytes = NumberOf(io, "wchar");
  return usage;
}

}  // namespace launcher
