#include "os/usage_sampler.h"

#include <algorithm>

#include "os/process_tree.h"

namespace launcher {
namespace {

constexpr double kFirstSeconds = 0.2;
constexpr double kMostSeconds = 30;  ///< as Slurm's JobAcctGatherFrequency, which is 30 where nothing else is said

}  // namespace

UsageSampler::~UsageSampler() {
  if (timer_) loop_->Cancel(*timer_);
}

void UsageSampler::Watch(pid_t pid) {
  seen_[pid] = {};
  pause_ = kFirstSeconds;
  if (!timer_) LookLater();
}

void UsageSampler::LookLater() {
  timer_ = loop_->After(pause_, [this] { Look(); });
  pause_ = std::min(2 * pause_, kMostSeconds);
}

void UsageSampler::Look() {
  timer_.reset();
  if (seen_.empty()) return;
  const ProcessTree tree;
  for (auto& [pid, most] : seen_) {
    std::vector<pid_t> own = tree.Below(pid);
    own.push_back(pid);
    most = MostOf(most, MeasureUsage(own));
  }
  LookLater();
}

Usage UsageSampler::Ended(pid_t pid, const Usage& used) {
  const auto seen = seen_.find(pid);
  if (seen == seen_.end()) return used;
  const Usage usage = MostOf(seen->second, used);
  seen_.erase(seen);
  return usage;
}

}  // namespace launcher
