#include "job/usage_of_job.h"

#include <cstdio>
#include <optional>

#include "job/ask_job.h"
#include "step/step_usage.h"
#include "text/error.h"
#include "text/word_list.h"

namespace launcher {
namespace {

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
  const std::optional<std::string> answer = AskJob(args[0], Frame::kUsage, "", Frame::kUsageTold);
  if (!answer) return 1;
  for (const auto& [step, share] : UnpackUsage(*answer)) std::puts(Line(step, share).c_str());
  return 0;
}

}  // namespace launcher
