#include "srun/srun_tasks.h"

#include <csignal>

#include "test.h"

namespace launcher {
namespace {

constexpr int Exited(int code) { return code << 8; }

SrunTasks FourOnTwoNodes() {
  SrunTasks tasks;
  for (int task = 0; task < 4; ++task) tasks.Add(task, TaskPlace{task / 3, task < 3 ? "n1" : "n2"});
  return tasks;
}

std::vector<std::string> Lines(SrunTasks* tasks) {
  std::vector<std::string> lines;
  for (const EndedTasks& ended : tasks->TakeEnded()) lines.push_back(ended.node + ": " + ended.Names() + ": " + ended.How());
  return lines;
}

using Texts = std::vector<std::string>;

TEST(TasksThatEndAlikeAreToldTogether) {
  SrunTasks tasks = FourOnTwoNodes();
  for (const int task : {3, 2, 0, 1}) tasks.End(task, Exited(5));
  EXPECT_EQ(Lines(&tasks), (Texts{"n1: tasks 0-2: Exited with exit code 5", "n2: task 3: Exited with exit code 5"}));
  EXPECT_EQ(Lines(&tasks), Texts{});
}

TEST(EveryEndHasItsWords) {
  SrunTasks tasks = FourOnTwoNodes();
  tasks.End(0, SIGKILL);
  tasks.End(1, SIGABRT | 0x80);
  tasks.End(2, Exited(0));
  EXPECT_EQ(Lines(&tasks), (Texts{"n1: task 2: Completed", "n1: task 0: Killed", "n1: task 1: Aborted (core dumped)"}));
}

TEST(StatesAreListedRunningFirst) {
  SrunTasks tasks = FourOnTwoNodes();
  EXPECT_EQ(tasks.States(), Texts{"tasks 0-3: running"});
  tasks.End(1, Exited(0));
  tasks.End(3, SIGTERM);
  EXPECT_EQ(tasks.States(), (Texts{"tasks 0,2: running", "task 3: exited abnormally", "task 1: exited"}));
  tasks.End(0, Exited(0));
  tasks.End(2, Exited(2));
  EXPECT_EQ(tasks.States(), (Texts{"tasks 2-3: exited abnormally", "tasks 0-1: exited"}));
}

TEST(TheHighestCodeCounts) {
  SrunTasks tasks = FourOnTwoNodes();
  tasks.End(0, SIGINT);
  EXPECT_EQ(tasks.code(), 130);
  EXPECT_FALSE(tasks.was_any_killed());
  tasks.End(1, Exited(3));
  tasks.End(2, SIGTERM);
  EXPECT_EQ(tasks.code(), 143);
  EXPECT_TRUE(tasks.was_any_killed());
  EXPECT_FALSE(tasks.have_all_ended());
}

}  // namespace
}  // namespace launcher
