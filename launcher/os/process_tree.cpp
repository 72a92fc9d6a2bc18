#include "os/process_tree.h"

#include <dirent.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "os/fd.h"

namespace launcher {
namespace {

/// Parent of a process from /proc/<pid>/stat, the fourth field; the second may hold blanks and brackets.
pid_t ParentOf(const char* pid) {
  const std::string path = std::string("/proc/") + pid + "/stat";
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[512];
  const ssize_t got = file ? read(file.get(), text, sizeof text - 1) : -1;
  if (got <= 0) return -1;
  text[got] = '\0';
  const char* bracket = std::strrchr(text, ')');
  if (bracket == nullptr || std::strlen(bracket) < 4) return -1;
  return static_cast<pid_t>(std::atol(bracket + 4));
}

}  // namespace

ProcessTree::ProcessTree() {
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return;
  while (const dirent* entry = readdir(proc)) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    const pid_t parent = ParentOf(entry->d_name);
    if (parent > 0) children_.emplace(parent, static_cast<pid_t>(std::atol(entry->d_name)));
  }
  closedir(proc);
}

std::vector<pid_t> ProcessTree::Below(pid_t ancestor) const {
  std::vector<pid_t> found;
  const auto add_children = [&](pid_t parent) {
    const auto [begin, end] = children_.equal_range(parent);
    for (auto child = begin; child != end; ++child) found.push_back(child->second);
  };
  add_children(ancestor);
  for (size_t i = 0; i < found.size(); ++i) add_children(found[i]);
  return found;
}

}  // namespace launcher
