#include "os/env.h"

#include "spec/compose_environment.h"
#include "spec/spec.h"
#include "test.h"

namespace launcher {
namespace {

using Words = std::vector<std::string>;

Words BlockWords(const EnvBlock& block) {
  Words words;
  for (char* const* word = block.get(); *word; ++word) words.emplace_back(*word);
  return words;
}

TEST(ReadsAnEnvp) {
  const char* envp[] = {"B=2",  "A=1=1",  "B=3",         "noequals",
                        "=odd", "EMPTY=", "F%%=() {\n}", nullptr};
  const Environment environment = Environment::FromEnvp(envp);
  EXPECT_EQ(environment.Words(), (Words{"A=1=1", "B=2", "EMPTY=", "F%%=() {\n}"}));
  EXPECT_TRUE(environment == Environment::FromWords(
                                 {"B=2", "A=1=1", "B=3", "x", "=odd", "EMPTY=", "F%%=() {\n}"}));
}

TEST(SetsAndUnsets) {
  Environment environment{{"A", "1"}};
  environment.Set("A", "2");
  environment.SetNumber("N", -3);
  environment.Set("GONE", "x");
  environment.Unset("GONE");
  environment.Unset("NEVER");
  environment.Merge({{"A", "4"}, {"C", ""}});
  EXPECT_EQ(environment.Words(), (Words{"A=4", "C=", "N=-3"}));
  EXPECT_TRUE(environment.Find("D") == nullptr);
  EXPECT_EQ(environment.Get("D", "none"), std::string("none"));
  EXPECT_EQ(environment.Get("C", "none"), std::string());
}

TEST(PrependsToAPathOnce) {
  Environment environment{{"PATH", "/a:/b:/a:/c"}};
  environment.PrependPath("PATH", "/b");
  EXPECT_EQ(environment.Get("PATH"), std::string("/b:/a:/a:/c"));
  environment.PrependPath("NEW", "/x");
  EXPECT_EQ(environment.Get("NEW"), std::string("/x"));
}

TEST(BlockHoldsRoomForAPid) {
  const Environment environment{{"A", "1"}, {"SLURM_TASK_PID", "old"}, {"Z", ""}};
  EXPECT_EQ(BlockWords(EnvBlock(environment)), (Words{"A=1", "SLURM_TASK_PID=old", "Z="}));
  EnvBlock block(environment, "SLURM_TASK_PID");
  EXPECT_EQ(BlockWords(block), (Words{"A=1", "Z=", "SLURM_TASK_PID="}));
  block.PutPid(1);
  EXPECT_EQ(BlockWords(block).back(), std::string("SLURM_TASK_PID=1"));
  block.PutPid(2147483647);
  EXPECT_EQ(BlockWords(block).back(), std::string("SLURM_TASK_PID=2147483647"));
}

TEST(SharedIsExactlyWhatIsSet) {
  EnvPlan plan;
  plan.mode = EnvPlan::Mode::kShared;
  plan.set = {{"PATH", "/mine"}, {"A", "1"}};
  plan.unset = {"NOTHING"};
  EXPECT_EQ(ComposeEnvironment(plan, {{"PATH", "/image"}, {"X", "x"}}).Words(),
            (Words{"A=1", "PATH=/mine"}));
}

TEST(ImageKeepsItsOwn) {
  const Environment container{{"PATH", "/image"},
                              {"NCCL_DEBUG", "INFO"},
                              {"CUDA_HOME", "/cuda"},
                              {"LANG", "C"},
                              {"X", "x"}};
  EnvPlan plan;
  plan.set = {{"PATH", "/mine"}, {"NCCL_DEBUG", "WARN"}, {"CUDA_PATH", "/mine"},
              {"LANG", "ru"},    {"PATHS", "p"},         {"HOME", "/root"}};
  plan.unset = {"X"};
  const Words kept = {"CUDA_HOME=/cuda", "CUDA_PATH=/mine", "HOME=/root", "LANG=ru",
                      "NCCL_DEBUG=INFO", "PATH=/image",     "PATHS=p"};
  EXPECT_EQ(ComposeEnvironment(plan, container).Words(), kept);
  plan.named = {"PATH", "NCCL_DEBUG"};
  const Environment named = ComposeEnvironment(plan, container);
  EXPECT_EQ(named.Get("PATH"), std::string("/mine"));
  EXPECT_EQ(named.Get("NCCL_DEBUG"), std::string("WARN"));
}

}  // namespace
}  // namespace launcher
