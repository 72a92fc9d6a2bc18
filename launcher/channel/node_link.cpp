#include "channel/node_link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "text/sha256.h"

namespace launcher {
namespace {

constexpr int kPorts = 16;
constexpr int kFirstPort = 20000;  ///< below the ephemeral ports, above what people write into scripts
constexpr int kPortRange = 9000;
constexpr double kFirstPause = 0.01;
constexpr double kLongestPause = 1;

// A machine that is cut off sends no word of it. Its connections count as broken after a minute at most: long enough for a
// switch to start anew, short enough that a job does not stand, and cost, for hours.
constexpr int kIdleSeconds = 20;
constexpr int kProbeSeconds = 10;
constexpr int kProbes = 4;

sockaddr_in Address(const std::string& text, int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, text.c_str(), &address.sin_addr);
  return address;
}

/// Lowers one of TCP's times to `most`; where the system's own is shorter, that counts. Returns what it is then.
int AtMost(int fd, int option, int most) {
  int value = most;
  socklen_t size = sizeof value;
  if (getsockopt(fd, IPPROTO_TCP, option, &value, &size) != 0 || value <= most) return value;
  setsockopt(fd, IPPROTO_TCP, option, &most, sizeof most);
  return most;
}

/// Keepalive finds a silent connection broken, the user timeout one whose data nobody takes. Those that a listener accepts
/// have the same.
void NoticeLostPeers(int fd) {
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  const int idle = AtMost(fd, TCP_KEEPIDLE, kIdleSeconds);
  const int probe = AtMost(fd, TCP_KEEPINTVL, kProbeSeconds);
  const int probes = AtMost(fd, TCP_KEEPCNT, kProbes);
  const unsigned milliseconds = 1000U * static_cast<unsigned>(idle + probe * probes);
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
}

UniqueFd TcpSocket() {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) throw LaunchError(std::string("cannot make a socket: ") + std::strerror(errno), 1);
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  NoticeLostPeers(fd.get());
  return fd;
}

/// The search for the first node: one attempt after the other, in an object that its callbacks keep alive.
class Search : public std::enable_shared_from_this<Search> {
 public:
  using Done = std::function<void(std::shared_ptr<Channel>, const std::string&)>;

  Search(Loop* loop, Credentials credentials, Peer peer, FirstNodeAddresses* addresses, double patience, Done done)
      : loop_(loop),
        credentials_(std::move(credentials)),
        peer_(std::move(peer)),
        addresses_(addresses),
        ports_(ChannelPorts(credentials_.submission)),
        until_ms_(MonotonicMs() + static_cast<int64_t>(patience * 1000)),
        done_(std::move(done)),
        attempt_(addresses->attempt) {}

  void Try() {
    UniqueFd fd = TcpSocket();
    const std::string& address_text = addresses_->texts[attempt_ / ports_.size() % addresses_->texts.size()];
    const sockaddr_in address = Address(address_text, ports_[attempt_ % ports_.size()]);
    ++attempt_;
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
      return Next(address_text + ": " + std::strerror(errno));
    }
    auto channel = std::make_shared<Channel>(loop_, std::move(fd));
    const auto self = shared_from_this();
    const auto timer = loop_->After(5, [channel, self] {
      channel->Close();
      self->Next("no answer");
    });
    OpenHandshake(channel, credentials_, peer_, [this, self, channel, timer](std::optional<std::string> error) {
      loop_->Cancel(timer);
      if (error) {
        channel->Close();
        return Next(*error);
      }
      addresses_->attempt = attempt_ - 1;
      done_(channel, "");  // at once: the frame behind the welcome is already for the new listener
    });
  }

 private:
  void Next(const std::string& error) {
    if (MonotonicMs() > until_ms_) return done_(nullptr, error.empty() ? "the connection was refused" : error);
    const bool is_round_over = attempt_ % (ports_.size() * addresses_->texts.size()) == 0;
    const double pause = is_round_over ? pause_ : 0;
    if (is_round_over) pause_ = std::min(2 * pause_, kLongestPause);
    loop_->After(pause, [self = shared_from_this()] { self->Try(); });
  }

  Loop* loop_;
  Credentials credentials_;
  Peer peer_;
  FirstNodeAddresses* addresses_;
  std::vector<int> ports_;
  int64_t until_ms_;
  Done done_;
  size_t attempt_;
  double pause_ = kFirstPause;
};

}  // namespace

std::vector<int> ChannelPorts(const std::string& submission) {
  std::vector<int> ports;
  const std::string digest = Sha256(submission);
  for (size_t i = 0; i < kPorts; ++i) {
    const int number = static_cast<unsigned char>(digest[2 * i]) << 8 | static_cast<unsigned char>(digest[2 * i + 1]);
    ports.push_back(kFirstPort + number % kPortRange);
  }
  return ports;
}

UniqueFd ListenForNodes(const std::vector<std::string>& addresses, const std::vector<int>& ports) {
  std::string error = "its address is not known";
  for (const std::string& text : addresses) {
    for (const int port : ports) {
      UniqueFd fd = TcpSocket();
      const sockaddr_in address = Address(text, port);
      if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && listen(fd.get(), 1024) == 0) {
        return fd;
      }
      error = text + ":" + std::to_string(port) + ": " + std::strerror(errno);
    }
  }
  throw LaunchError("the first node cannot listen for the others: " + error, 1);
}

void ConnectToFirstNode(Loop* loop, const Credentials& credentials, const Peer& peer,
                        FirstNodeAddresses* addresses, double patience,
                        std::function<void(std::shared_ptr<Channel>, const std::string&)> done) {
  if (addresses->texts.empty()) return done(nullptr, "its address is not known");
  std::make_shared<Search>(loop, credentials, peer, addresses, patience, std::move(done))->Try();
}

}  // namespace launcher
