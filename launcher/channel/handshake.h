#ifndef LAUNCHER_CHANNEL_HANDSHAKE_H_
#define LAUNCHER_CHANNEL_HANDSHAKE_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "channel/channel.h"

namespace launcher {

/// Who connects, as the client says it and its MAC covers it.
struct Peer {
  std::string kind;  ///< "client", "owner", "node", "share", "component", "relay"
  int64_t node = 0;  ///< number of the node, a key, the component, or which component a client wants (het_side.h)
};

/// What both sides know of the job. `secret` never crosses the wire; a client inside the job has none.
struct Credentials {
  std::string submission;
  std::string secret;
};

/// Server's side on a fresh connection: challenges, checks, answers. Then calls `done` with the peer;
/// the channel is the caller's to Listen on. A peer that fails is told why
/// and cut off; one that takes longer than ten seconds is cut off. `local`: the peer is on a Unix socket and has our own uid, which the kernel
/// says: a client then needs no MAC.
void ServeHandshake(Loop* loop, std::shared_ptr<Channel> channel, const Credentials& credentials, bool local,
                    std::function<void(std::shared_ptr<Channel>, const Peer&)> done);

/// Client's side. `done` gets nothing on success, else why not ("" when the connection broke).
void OpenHandshake(std::shared_ptr<Channel> channel, const Credentials& credentials, const Peer& peer,
                   std::function<void(std::optional<std::string> error)> done);

/// Whether the process at the other end of a Unix socket has our uid.
bool IsOwnUid(int socket);

/// The process at the other end of a Unix socket; 0 of any other socket.
pid_t PeerPid(int socket);

/// `bytes` random bytes from the kernel.
std::string RandomBytes(size_t bytes);

}  // namespace launcher

#endif  // LAUNCHER_CHANNEL_HANDSHAKE_H_
