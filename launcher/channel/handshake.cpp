#include "channel/handshake.h"

#include <sys/random.h>
#include <sys/socket.h>

#include <utility>

#include "text/hex.h"
#include "text/sha256.h"

namespace launcher {
namespace {

constexpr double kPatienceSeconds = 10;
constexpr size_t kNonceBytes = 16;

/// The proof that `side` knows the secret, for these two nonces only: neither a replay nor a mirror of
/// the other side's proof passes.
std::string Proof(const Credentials& credentials, const char* side, const std::string& server_nonce,
                  const std::string& client_nonce, const Peer& peer) {
  Packer message;
  message.Text(side).Text(server_nonce).Text(client_nonce).Text(peer.kind).Number(peer.node).Text(
      credentials.submission);
  return HmacSha256(credentials.secret, message.payload());
}

void Refuse(Channel* channel, const char* why) {
  channel->Send(Frame::kRefused, Packer().Text(why).payload());
  channel->Finish(1);
}

}  // namespace

void ServeHandshake(Loop* loop, std::shared_ptr<Channel> channel, const Credentials& credentials, bool local,
                    std::function<void(std::shared_ptr<Channel>, const Peer&)> done) {
  const std::string nonce = RandomBytes(kNonceBytes);
  const auto timer = loop->After(kPatienceSeconds, [channel] { channel->Close(); });
  channel->Listen(
      [=](Frame type, std::string_view payload) {
        loop->Cancel(timer);
        Unpacker fields(payload);
        if (type != Frame::kAuth || fields.Number() != kChannelVersion) {
          return Refuse(channel.get(), "this launch speaks channel version 1");
        }
        const std::string client_nonce = fields.Text();
        const std::string mac = fields.Text();
        Peer peer;
        peer.kind = fields.Text();
        peer.node = fields.Number();
        if (fields.Text() != credentials.submission && !(local && mac.empty())) {
          return Refuse(channel.get(), "this is another job");
        }
        const bool known = EqualConstantTime(mac, Proof(credentials, "client", nonce, client_nonce, peer));
        const bool trusted = local && mac.empty() && (peer.kind == "client" || peer.kind == "owner");
        if (!known && !trusted) return Refuse(channel.get(), "authentication failed");
        const std::string answer =
            known ? Proof(credentials, "server", nonce, client_nonce, peer) : std::string();
        channel->Send(Frame::kWelcome, Packer().Text(answer).payload());
        channel->Trust();
        channel->Listen([](Frame, std::string_view) {}, [] {});
        loop->Later([=] { done(channel, peer); });
      },
      [=] { loop->Cancel(timer); });
  channel->Send(Frame::kHello, Packer().Number(kChannelVersion).Text(nonce).payload());
}

void OpenHandshake(std::shared_ptr<Channel> channel, const Credentials& credentials, const Peer& peer,
                   std::function<void(std::optional<std::string>)> done) {
  const std::string nonce = RandomBytes(kNonceBytes);
  const auto server_nonce = std::make_shared<std::string>();
  Channel* raw = channel.get();
  raw->Listen(
      [=](Frame type, std::string_view payload) {
        Unpacker fields(payload);
        if (type == Frame::kHello) {
          if (fields.Number() != kChannelVersion) return done("it speaks another channel version");
          *server_nonce = fields.Text();
          const std::string mac = credentials.secret.empty()
                                      ? std::string()
                                      : Proof(credentials, "client", *server_nonce, nonce, peer);
          raw->Send(Frame::kAuth, Packer()
                                      .Number(kChannelVersion)
                                      .Text(nonce)
                                      .Text(mac)
                                      .Text(peer.kind)
                                      .Number(peer.node)
                                      .Text(credentials.submission)
                                      .payload());
        } else if (type == Frame::kWelcome) {
          raw->Trust();
          const std::string expected = credentials.secret.empty()
                                           ? std::string()
                                           : Proof(credentials, "server", *server_nonce, nonce, peer);
          done(EqualConstantTime(fields.Text(), expected) ? std::nullopt
                                                          : std::optional<std::string>("it is not our job's"));
        } else if (type == Frame::kRefused) {
          done(fields.Text());
        }
      },
      [=] { done(""); });
}

bool IsOwnUid(int socket) {
  ucred peer;
  socklen_t size = sizeof peer;
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == getuid();
}

pid_t PeerPid(int socket) {
  ucred peer;
  socklen_t size = sizeof peer;
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

std::string RandomBytes(size_t bytes) {
  std::string random(bytes, '\0');
  size_t have = 0;
  while (have < bytes) {
    const ssize_t got = getrandom(&random[have], bytes - have, 0);
    if (got > 0) have += static_cast<size_t>(got);
    if (got < 0 && errno != EINTR) {
      throw LaunchError(std::string("cannot get random bytes: ") + std::strerror(errno), 1);
    }
  }
  return random;
}

}  // namespace launcher
