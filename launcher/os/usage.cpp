#include "os/usage.h"

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
  for (size_t i = 0; i < kTimes; ++i) sum->cpu_ms += fields[kFirstTime + i] * 1000 / ticks_per_second;
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

}  // namespace launcher
