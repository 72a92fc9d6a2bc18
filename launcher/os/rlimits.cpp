#include "os/rlimits.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>

#include "text/error.h"

namespace launcher {
namespace {

struct RlimitName {
  const char* name;
  int number;
  bool travels;  ///< srun --propagate knows it
};

constexpr RlimitName kRlimits[] = {
    {"AS", RLIMIT_AS, true},          {"CORE", RLIMIT_CORE, true},          {"CPU", RLIMIT_CPU, true},
    {"DATA", RLIMIT_DATA, true},      {"FSIZE", RLIMIT_FSIZE, true},        {"MEMLOCK", RLIMIT_MEMLOCK, true},
    {"NOFILE", RLIMIT_NOFILE, true},  {"NPROC", RLIMIT_NPROC, true},        {"RSS", RLIMIT_RSS, true},
    {"STACK", RLIMIT_STACK, true},    {"NICE", RLIMIT_NICE, false},         {"RTPRIO", RLIMIT_RTPRIO, false},
    {"LOCKS", RLIMIT_LOCKS, false},   {"MSGQUEUE", RLIMIT_MSGQUEUE, false}, {"SIGPENDING", RLIMIT_SIGPENDING, false},
    {"RTTIME", RLIMIT_RTTIME, false}};

void AddCurrent(const RlimitName& limit, Rlimits* limits) {
  rlimit now;
  if (getrlimit(static_cast<__rlimit_resource_t>(limit.number), &now) != 0) return;
  (*limits)[limit.name] = now.rlim_cur == RLIM_INFINITY ? -1 : static_cast<int64_t>(now.rlim_cur);
}

/// The row of a name as --propagate has it, with RLIMIT_ before it or not.
const RlimitName* FindPropagated(const std::string& word) {
  const std::string name = word.compare(0, 7, "RLIMIT_") == 0 ? word.substr(7) : word;
  for (const RlimitName& limit : kRlimits) {
    if (limit.travels && name == limit.name) return &limit;
  }
  return nullptr;
}

}  // namespace

std::optional<int> RlimitNumber(const std::string& name) {
  for (const RlimitName& limit : kRlimits) {
    if (name == limit.name) return limit.number;
  }
  return std::nullopt;
}

Rlimits PropagatedRlimits(const std::string& list) {
  Rlimits limits;
  if (list == "NONE") return limits;
  if (list.empty() || list == "ALL") {
    for (const RlimitName& limit : kRlimits) {
      if (limit.travels) AddCurrent(limit, &limits);
    }
    return limits;
  }
  for (size_t at = 0; at < list.size();) {
    const size_t end = std::min(list.find_first_of(", ", at), list.size());
    const std::string word = list.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    const RlimitName* limit = FindPropagated(word);
    if (limit == nullptr) {
      std::fprintf(stderr, "srun: error: Bad rlimit name: %s\n", word.c_str());
      throw LaunchError("--propagate=" + list + " is not valid.", 1);
    }
    AddCurrent(*limit, &limits);
  }
  return limits;
}

}  // namespace launcher
