#include "srun/srun_interrupt.h"

#include <csignal>
#include <vector>

#include "test.h"

namespace launcher {
namespace {

constexpr bool kShowsStatus = true, kQuits = true;

/// The reactions to a Ctrl-C at each of these milliseconds, as numbers.
std::vector<int> To(Interrupts interrupts, const std::vector<int>& times_ms) {
  std::vector<int> reactions;
  for (const int time : times_ms) reactions.push_back(static_cast<int>(interrupts.On(SIGINT, time)));
  return reactions;
}

std::vector<int> Numbers(const std::vector<Reaction>& reactions) {
  std::vector<int> numbers;
  for (const Reaction reaction : reactions) numbers.push_back(static_cast<int>(reaction));
  return numbers;
}

TEST(OnlyASecondCtrlCWithinASecondEnds) {
  EXPECT_EQ(To({kShowsStatus, !kQuits}, {0, 1500, 3000, 3900}),
            Numbers({Reaction::kShowStates, Reaction::kShowStates, Reaction::kShowStates, Reaction::kInterruptAndEnd}));
}

TEST(WithoutStatusTheFirstGoesToTheTasks) {
  EXPECT_EQ(To({!kShowsStatus, !kQuits}, {0, 1500, 1600}),
            Numbers({Reaction::kInterrupt, Reaction::kInterrupt, Reaction::kInterruptAndEnd}));
}

TEST(QuittingEndsAtOnce) { EXPECT_EQ(To({kShowsStatus, kQuits}, {0}), Numbers({Reaction::kInterruptAndEnd})); }

TEST(OtherSignals) {
  Interrupts interrupts(kShowsStatus, !kQuits);
  for (const int signal : {SIGTERM, SIGHUP, SIGQUIT}) EXPECT_TRUE(interrupts.On(signal, 0) == Reaction::kEnd);
  for (const int signal : {SIGUSR1, SIGUSR2}) EXPECT_TRUE(interrupts.On(signal, 0) == Reaction::kForward);
  for (const int signal : {SIGALRM, SIGPIPE, SIGTTIN}) EXPECT_TRUE(interrupts.On(signal, 0) == Reaction::kNothing);
  EXPECT_TRUE(interrupts.On(SIGCONT, 0) == Reaction::kTellContinued);
}

}  // namespace
}  // namespace launcher
