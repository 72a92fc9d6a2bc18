#include "job/usage_of_job.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "channel/handshake.h"
#include "node/runtime_dir.h"
#include "step/step_usage.h"
#include "text/error.h"
#include "text/word_list.h"

namespace launcher {
namespace {

constexpr int kExitUsage = 64;
constexpr double kPatience = 10;  ///< seconds for all nodes to answer

using Shares = std::vector<std::pair<int64_t, ShareUsage>>;

std::optional<Shares> Ask(const std::string& directory) {
  UniqueFd socket = ConnectToJob(directory);
  if (!socket) return std::nullopt;
  Loop loop;
  std::optional<Shares> shares;
  const auto channel = std::make_shared<Channel>(&loop, std::move(socket));
  const auto stop = [&loop] { loop.Stop(); };
  OpenHandshake(channel, Credentials{}, Peer{"client", 0}, [&](const std::optional<std::string>& error) {
    if (error) return stop();
    channel->Listen(
        [&](Frame type, std::string_view payload) {
          if (type != Frame::kUsageTold) return;
          shares = UnpackUsage(payload);
          stop();
        },
        stop);
    channel->Send(Frame::kUsage);
  });
  loop.After(kPatience, stop);
  loop.Run();
  return shares;
}

std::string Line(int64_t step, const ShareUsage& share) {
  std::string line = (step == kBatchScript ? "batch" : std::to_string(step)) + " " + share.node + " ";
  line += share.processes.empty() ? "-" : JoinNumbers(share.processes);
  for (const auto& [task, usage] : share.tasks) {
    line += " " + std::to_string(task);
    for (const int64_t number : {usage.cpu_ms, usage.resident_bytes, usage.virtual_bytes, usage.page_faults, usage.read_bytes,
                                 usage.written_bytes}) {
      line += ":" + std::to_string(number);
    }
  }
  return line;
}

}  // namespace

int UsageMain(const std::vector<std::string>& args) {
  if (args.size() != 1 || args[0].empty() || args[0][0] != '/') throw LaunchError("usage: a runtime directory is needed", kExitUsage);
  const std::optional<Shares> shares = Ask(args[0]);
  if (!shares) return 1;
  for (const auto& [step, share] : *shares) std::puts(Line(step, share).c_str());
  return 0;
}

}  // namespace launcher
