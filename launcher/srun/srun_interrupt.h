#ifndef LAUNCHER_SRUN_SRUN_INTERRUPT_H_
#define LAUNCHER_SRUN_SRUN_INTERRUPT_H_

#include <cstdint>
#include <optional>

namespace launcher {

/// What srun does with a signal that it gets.
enum class Reaction {
  kNothing,
  kShowStates,       ///< the first Ctrl-C
  kInterrupt,        ///< passes the Ctrl-C on
  kInterruptAndEnd,  ///< and ends the step: the second one
  kEnd,
  kForward,          ///< to the tasks
  kTellContinued,
};

/// Decides that. Source: srun(1) "SIGNALS AND ESCAPE SEQUENCES", --disable-status, --quit-on-interrupt; compat/captures/*/streams.
class Interrupts {
 public:
  /// `shows_status`: not --disable-status.
  Interrupts(bool shows_status, bool quits_on_interrupt) : shows_status_(shows_status), quits_(quits_on_interrupt) {}

  /// `now_ms`: on a clock that never goes back.
  Reaction On(int signal, int64_t now_ms);

  /// Whether it ends an srun that still waits for its step.
  static bool EndsWaiting(int signal);

 private:
  Reaction OnInterrupt(int64_t now_ms);

  bool shows_status_;
  bool quits_;
  std::optional<int64_t> last_ms_;  ///< when the last Ctrl-C came
};

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_INTERRUPT_H_
