#include "job/ask_job.h"

#include <memory>
#include <utility>

#include "channel/handshake.h"
#include "node/runtime_dir.h"

namespace launcher {
namespace {

constexpr double kPatience = 10;  ///< seconds for a launch to answer, and for all nodes to answer it

}  // namespace

std::optional<std::string> AskJob(const std::string& directory, Frame question, const std::string& payload, Frame answer) {
  UniqueFd socket = ConnectToJob(directory);
  if (!socket) return std::nullopt;
  Loop loop;
  std::optional<std::string> answered;
  const auto channel = std::make_shared<Channel>(&loop, std::move(socket));
  const auto stop = [&loop] { loop.Stop(); };
  OpenHandshake(channel, Credentials{}, Peer{"client", 0}, [&](const std::optional<std::string>& error) {
    if (error) return stop();
    channel->Listen(
        [&](Frame type, std::string_view told) {
          if (type != answer) return;
          answered = told;
          stop();
        },
        stop);
    channel->Send(question, payload);
  });
  loop.After(kPatience, stop);
  loop.Run();
  return answered;
}

}  // namespace launcher
