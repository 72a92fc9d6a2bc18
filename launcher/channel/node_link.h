#ifndef LAUNCHER_CHANNEL_NODE_LINK_H_
#define LAUNCHER_CHANNEL_NODE_LINK_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "channel/handshake.h"

namespace launcher {

/// How long, in seconds, a node waits for another to come: that one may still pull its image.
constexpr double kStartPatience = 300;

/// TCP ports on which the first node may listen for the others, in the order tried by both sides.
/// Several jobs may share an address, so a port can be another job's: the handshake tells.
std::vector<int> ChannelPorts(const std::string& submission);

/// Listens on the first free of these ports, on the first of `addresses` that is ours. Throws LaunchError.
UniqueFd ListenForNodes(const std::vector<std::string>& addresses, const std::vector<int>& ports);

/// Where the first node may be, and where it was found: the search begins there.
struct FirstNodeAddresses {
  std::vector<std::string> texts;
  size_t attempt = 0;  ///< number of the pair of address and port that answered last
};

/// Connects to the first node of our job, which may not listen yet: goes through its addresses and ports
/// until one answers the handshake, again and again with growing pauses, for `patience` seconds. Calls
/// `done` with the channel, or with nothing and why. `addresses` must live until then.
void ConnectToFirstNode(Loop* loop, const Credentials& credentials, const Peer& peer,
                        FirstNodeAddresses* addresses, double patience,
                        std::function<void(std::shared_ptr<Channel>, const std::string& error)> done);

}  // namespace launcher

#endif  // LAUNCHER_CHANNEL_NODE_LINK_H_
