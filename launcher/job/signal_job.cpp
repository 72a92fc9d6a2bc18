#include "job/signal_job.h"

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "job/ask_job.h"
#include "text/error.h"

namespace launcher {
namespace {

constexpr int kLargestSignal = 64;

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
  const std::string call = Packer().Number(signal).Number(target).payload();
  const std::optional<std::string> answer = AskJob(directory, Frame::kSignalJob, call, Frame::kSignalled);
  if (!answer) return std::nullopt;
  return Unpacker(*answer).Number();
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
