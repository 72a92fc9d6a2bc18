#ifndef LAUNCHER_NODE_MEETING_H_
#define LAUNCHER_NODE_MEETING_H_

#include <string>
#include <vector>

#include "spec/spec.h"

namespace launcher {

/// Where the components of a heterogeneous job find the first node of their leader: in a file that all of them see, or by
/// what the login side knows of it.
class Meeting {
 public:
  explicit Meeting(const HetFacts& het) : het_(het) {}
  Meeting(const Meeting&) = delete;
  Meeting& operator=(const Meeting&) = delete;
  ~Meeting();

  /// Of the leader: writes its addresses where the others look. A node that does not see the place writes nothing.
  void Announce(const std::vector<std::string>& addresses);

  /// Of the others: IPv4 addresses, likeliest first; none so far where the leader has not written them.
  std::vector<std::string> Addresses() const;

 private:
  const HetFacts& het_;
  std::string announced_;  ///< the file that is to be removed
};

}  // namespace launcher

#endif  // LAUNCHER_NODE_MEETING_H_
