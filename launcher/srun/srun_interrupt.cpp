#include "srun/srun_interrupt.h"

#include <csignal>

namespace launcher {
namespace {

/// A second Ctrl-C that comes so soon ends the step.
constexpr int64_t kSecondWithinMs = 1000;

}  // namespace

Reaction Interrupts::OnInterrupt(int64_t now_ms) {
  const bool is_second = last_ms_ && now_ms - *last_ms_ <= kSecondWithinMs;
  last_ms_ = now_ms;
  if (quits_ || is_second) return Reaction::kInterruptAndEnd;
  return shows_status_ ? Reaction::kShowStates : Reaction::kInterrupt;
}

Reaction Interrupts::On(int signal, int64_t now_ms) {
  switch (signal) {
    case SIGINT:
      return OnInterrupt(now_ms);
    case SIGTERM:
    case SIGHUP:
    case SIGQUIT:
      return Reaction::kEnd;
    case SIGUSR1:
    case SIGUSR2:
      return Reaction::kForward;
    case SIGCONT:
      return Reaction::kTellContinued;
    default:
      return Reaction::kNothing;
  }
}

bool Interrupts::EndsWaiting(int signal) {
  switch (signal) {
    case SIGINT:
    case SIGTERM:
    case SIGHUP:
    case SIGQUIT:
    case SIGUSR1:
    case SIGUSR2:
      return true;
    default:
      return false;
  }
}

}  // namespace launcher
