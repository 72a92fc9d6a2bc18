#include "binding/gpu_bind.h"

#include "test.h"
#include "text/error.h"

namespace launcher {
namespace {

using Tasks = std::vector<std::vector<int>>;

Tasks Bound(const std::string& text, const std::vector<int>& held, int tasks) {
  const GpuBind bind = text.empty() ? GpuBind() : ParseGpuBind(text);
  Tasks seen;
  for (int local = 0; local < tasks; ++local) seen.push_back(GpusOfTask(bind, held, local, tasks).visible);
  return seen;
}

std::string ErrorOf(const std::string& text) {
  try {
    ParseGpuBind(text);
  } catch (const LaunchError& error) {
    return error.what();
  }
  return "none";
}

// As slurm 22.05 bound them, by compat/captures/*/environment/step_gpu_bind_*.
TEST(BindsAsSlurm) {
  const std::vector<int> two = {0, 1}, four = {0, 1, 2, 3};
  EXPECT_EQ(Bound("", two, 2), (Tasks{{0, 1}, {0, 1}}));
  EXPECT_EQ(Bound("closest", two, 2), (Tasks{{0, 1}, {0, 1}}));
  EXPECT_EQ(Bound("none", two, 2), (Tasks{{}, {}}));
  EXPECT_EQ(Bound("n", two, 2), (Tasks{{}, {}}));
  EXPECT_EQ(Bound("single:1", two, 3), (Tasks{{0}, {1}, {0}}));
  EXPECT_EQ(Bound("SINGLE:2", two, 4), (Tasks{{0}, {0}, {1}, {1}}));
  EXPECT_EQ(Bound("single:0", two, 2), (Tasks{{0}, {1}}));
  EXPECT_EQ(Bound("single:x", two, 2), (Tasks{{0}, {1}}));
  EXPECT_EQ(Bound("single:1", {2, 3}, 2), (Tasks{{2}, {3}}));
  EXPECT_EQ(Bound("per_task:2", four, 2), (Tasks{{0, 1}, {2, 3}}));
  EXPECT_EQ(Bound("per_task:1", four, 2), (Tasks{{0}, {1}}));
  EXPECT_EQ(Bound("map_gpu:1,0", two, 3), (Tasks{{1}, {0}, {1}}));
  EXPECT_EQ(Bound("map_gpu:0*2,1*2", two, 4), (Tasks{{0}, {0}, {1}, {1}}));
  EXPECT_EQ(Bound("mask_gpu:1,0x3", two, 2), (Tasks{{0}, {0, 1}}));
  EXPECT_EQ(Bound("map_gpu:3", two, 2), (Tasks{{0}, {0}}));   // not the step's: its first one
  EXPECT_EQ(Bound("mask_gpu:9", two, 2), (Tasks{{0}, {0}}));
  EXPECT_EQ(Bound("single:1", two, 1), (Tasks{{0, 1}}));      // a task alone on its node
  EXPECT_EQ(Bound("single:1", {}, 2), (Tasks{{}, {}}));
  EXPECT_EQ(Bound("single:99999999999", two, 2), (Tasks{{0}, {0}}));
  EXPECT_EQ(Bound("per_task:99999999999", two, 2), (Tasks{{0, 1}, {0}}));
  EXPECT_EQ(Bound("per_task:2", four, 3), (Tasks{{0, 1}, {2, 3}, {0}}));
}

TEST(RefusesInSlurmsWords) {
  EXPECT_EQ(ErrorOf("x"), std::string("Invalid --gpu-bind argument: gpu:x"));
  EXPECT_EQ(ErrorOf(""), std::string("Invalid --gpu-bind argument: gpu:"));
  EXPECT_EQ(ErrorOf("verbose"), std::string("Invalid --gpu-bind argument: gpu:verbose"));
  EXPECT_EQ(ErrorOf("map_gpu"), std::string("Invalid --gpu-bind argument: gpu:map_gpu"));
  EXPECT_EQ(ErrorOf("map_gpu:x"),
            std::string("Failed to validate x, offending character is x\nsrun: error: Invalid --gpu-bind argument: gpu:map_gpu:x"));
  EXPECT_EQ(ErrorOf("verbose,mask_gpu:0xff"), std::string("none"));
}

TEST(SaysWhatItBinds) {
  EXPECT_TRUE(ParseGpuBind("verbose,closest").verbose);
  EXPECT_EQ(GpuBindLine({1}, {0, 1}, {4, 5}),
            std::string("gpu-bind: usable_gres=0x2; bit_alloc=0x3; local_inx=0; global_list=5; local_list=5\n"));
}

}  // namespace
}  // namespace launcher
