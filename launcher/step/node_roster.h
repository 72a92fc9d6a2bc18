#ifndef LAUNCHER_STEP_NODE_ROSTER_H_
#define LAUNCHER_STEP_NODE_ROSTER_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "channel/channel.h"

namespace launcher {

/// The other nodes of a job, as its first node knows them: one control connection each.
class NodeRoster {
 public:
  using OnFrame = std::function<void(int node, Frame type, std::string_view payload)>;
  using OnLost = std::function<void(int node)>;

  /// `count` nodes, the first included.
  NodeRoster(Loop* loop, int count, OnFrame on_frame, OnLost on_lost);

  /// A node has connected. Closes the channel of one whose number is no node's, or is taken.
  void Join(int node, const std::shared_ptr<Channel>& channel);

  /// Sends a frame, now or when the node comes; to one that is lost nothing.
  void Send(int node, Frame type, const std::string& payload);

  /// Ends the job on all nodes that are there, or still come.
  void EndJob();

  /// Every node is there, or was, or is given up.
  bool have_all_come() const { return Missing().empty(); }
  /// Those that were never there, and are not given up.
  std::vector<int> Missing() const;
  /// From now on it is gone, also if it was never there.
  void Lose(int node);
  bool is_lost(int node) const { return lost_.count(node) > 0; }
  /// None is connected any more.
  bool is_empty() const { return connected_.empty(); }

 private:
  Loop* loop_;
  int count_;
  OnFrame on_frame_;
  OnLost on_lost_;
  std::map<int, std::shared_ptr<Channel>> connected_;
  std::set<int> arrived_;  ///< that have ever connected
  std::set<int> lost_;
  std::map<int, std::vector<std::pair<Frame, std::string>>> waiting_;  ///< frames for nodes still to come
  bool is_over_ = false;
};

}  // namespace launcher

#endif  // LAUNCHER_STEP_NODE_ROSTER_H_
