#include "job/signal_job.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "channel/handshake.h"
#include "node/runtime_dir.h"

namespace launcher {
namespace {

constexpr int kExitUsage = 64;
constexpr int kLargestSignal = 64;
constexpr double kPatience = 10;  ///< seconds for a launch to answer

struct Call {
  int signal = -1;
  int64_t target = kEveryStep;
  std::vector<std::string> directories;
};

/// A number from 0 to `most`; throws for anything else.
int64_t ReadNumber(const std::string& text, int64_t most) {
  const bool is_number = !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == text.npos;
  const int64_t number = is_number ? std::atoll(text.c_str()) : most + 1;
  if (number > most) throw LaunchError("signal: not a number that is meant here: " + text, kExitUsage);
  return number;
}

int64_t ReadTarget(const std::string& text) {
  if (text == "every-step") return kEveryStep;
  if (text == "batch") return kBatchScript;
  if (text == "job") return kWholeJob;
  return ReadNumber(text, 999999999);
}

Call ReadCall(const std::vector<std::string>& args) {
  Call call;
  for (const std::string& arg : args) {
    const size_t equals = arg.find('=');
    const std::string name = arg.substr(0, equals);
    const std::string value = equals == arg.npos ? std::string() : arg.substr(equals + 1);
    if (name == "--signal") {
      call.signal = static_cast<int>(ReadNumber(value, kLargestSignal));
    } else if (name == "--to") {
      call.target = ReadTarget(value);
    } else if (!arg.empty() && arg[0] == '/') {
      call.directories.push_back(arg);
    } else {
      throw LaunchError("signal: what is " + arg + "?", kExitUsage);
    }
  }
  if (call.signal < 0 || call.directories.empty()) {
    throw LaunchError("signal: --signal and a runtime directory are needed", kExitUsage);
  }
  return call;
}

/// How many steps and processes of the job got the signal; nothing when its launch does not answer.
std::optional<int64_t> Send(const std::string& directory, int signal, int64_t target) {
  UniqueFd socket = ConnectToJob(directory);
  if (!socket) return std::nullopt;
  Loop loop;
  std::optional<int64_t> count;
  const auto channel = std::make_shared<Channel>(&loop, std::move(socket));
  const auto stop = [&loop] { loop.Stop(); };
  OpenHandshake(channel, Credentials{}, Peer{"client", 0}, [&](const std::optional<std::string>& error) {
    if (error) return stop();
    channel->Listen(
        [&](Frame type, std::string_view payload) {
          if (type != Frame::kSignalled) return;
          count = Unpacker(payload).Number();
          stop();
        },
        stop);
    channel->Send(Frame::kSignalJob, Packer().Number(signal).Number(target).payload());
  });
  loop.After(kPatience, stop);
  loop.Run();
  return count;
}

}  // namespace

int SignalMain(const std::vector<std::string>& args) {
  const Call call = ReadCall(args);
  for (const std::string& directory : call.directories) {
    const std::optional<int64_t> count = Send(directory, call.signal, call.target);
    std::puts(count ? std::to_string(*count).c_str() : "gone");
  }
  return 0;
}

}  // namespace launcher
