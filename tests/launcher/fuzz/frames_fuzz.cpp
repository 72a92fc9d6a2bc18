// What comes over a channel: an input is the bytes that a peer sends, to a server that takes it for a local client, and each
// frame's payload is then read as whatever it may be.

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string_view>

#include "channel/channel.h"
#include "channel/handshake.h"
#include "step/step_share.h"
#include "text/error.h"

namespace {

template <typename Payload>
void Read(std::string_view bytes) {
  try {
    const std::string again = Payload::Unpack(bytes).Pack();
    if (Payload::Unpack(again).Pack() != again) __builtin_trap();
  } catch (const launcher::LaunchError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Read<launcher::StepRequest>(bytes);
  Read<launcher::StepShare>(bytes);

  int ends[2];
  if (size > 100'000 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 0;
  launcher::Loop loop;
  const auto channel = std::make_shared<launcher::Channel>(&loop, launcher::UniqueFd(ends[0]));
  launcher::ServeHandshake(&loop, channel, launcher::Credentials{}, true,
                           [&loop](const std::shared_ptr<launcher::Channel>& known, const launcher::Peer&) {
                             known->Listen(
                                 [](launcher::Frame, std::string_view payload) {
                                   try {
                                     launcher::Unpacker fields(payload);
                                     fields.Number();
                                     fields.Numbers();
                                     fields.Texts();
                                   } catch (const launcher::LaunchError&) {
                                   }
                                 },
                                 [&loop] { loop.Stop(); });
                           });
  if (write(ends[1], data, size) < 0) return 0;
  shutdown(ends[1], SHUT_WR);
  loop.After(0.001, [&loop] { loop.Stop(); });  // a server that waits for the rest of a frame
  loop.Run();
  channel->Close();
  close(ends[1]);
  return 0;
}
