#include "channel/relay.h"

namespace launcher {
namespace {

constexpr double kLastBytesSeconds = 1;

void Pass(const std::shared_ptr<Channel>& from, const std::shared_ptr<Channel>& to) {
  from->Listen(
      [from, to](Frame type, std::string_view payload) {
        to->Send(type, payload);
        if (to->is_full()) from->Pause();
      },
      [to] { to->Finish(kLastBytesSeconds); });
  to->OnDrained([from] { from->Resume(); });
}

}  // namespace

void PassFrames(const std::shared_ptr<Channel>& one, const std::shared_ptr<Channel>& other) {
  Pass(one, other);
  Pass(other, one);
}

}  // namespace launcher
