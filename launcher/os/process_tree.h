#ifndef LAUNCHER_OS_PROCESS_TREE_H_
#define LAUNCHER_OS_PROCESS_TREE_H_

#include <sys/types.h>

#include <map>
#include <vector>

namespace launcher {

/// Which process has brought forth which, from /proc, at the moment when it is made.
class ProcessTree {
 public:
  ProcessTree();

  /// All processes below `ancestor`, nearest first.
  std::vector<pid_t> Below(pid_t ancestor) const;

 private:
  std::multimap<pid_t, pid_t> children_;
};

}  // namespace launcher

#endif  // LAUNCHER_OS_PROCESS_TREE_H_
