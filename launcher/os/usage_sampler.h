#ifndef LAUNCHER_OS_USAGE_SAMPLER_H_
#define LAUNCHER_OS_USAGE_SAMPLER_H_

#include <map>
#include <optional>

#include "os/loop.h"
#include "os/usage.h"

namespace launcher {

/// Looks now and then at processes and those below them: the kernel tells of none afterwards how much memory several had together.
class UsageSampler {
 public:
  explicit UsageSampler(Loop* loop) : loop_(loop) {}
  UsageSampler(const UsageSampler&) = delete;
  UsageSampler& operator=(const UsageSampler&) = delete;
  ~UsageSampler();

  void Watch(pid_t pid);

  /// What a process has used that has ended, which as such says `used`.
  Usage Ended(pid_t pid, const Usage& used);

 private:
  void LookLater();
  void Look();

  Loop* loop_;
  std::map<pid_t, Usage> seen_;  ///< the most of everything, so far
  std::optional<Loop::TimerId> timer_;
  double pause_ = 0;
};

}  // namespace launcher

#endif  // LAUNCHER_OS_USAGE_SAMPLER_H_
