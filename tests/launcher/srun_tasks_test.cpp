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
  EXPECT_EQ(tasks.States(0), Texts{"tasks 0-3: running"});
  tasks.End(1, Exited(0));
  tasks.End(3, SIGTERM);
  EXPECT_EQ(tasks.States(0), (Texts{"tasks 0,2: running", "task 3: exited abnormally", "task 1: exited"}));
  tasks.End(0, Exited(0));
  tasks.End(2, Exited(2));
  EXPECT_EQ(tasks.States(0), (Texts{"tasks 2-3: exited abnormally", "tasks 0-1: exited"}));
}

TEST(TheHighestCodeCounts) {
  SrunTasks tasks = FourOnTwoNodes();
  tasks.End(0, SIGINT);
  EXPECT_EQ(tasks.code(), 130);
  EXPECT_FALSE(tasks.was_any_killed(0));
  tasks.End(1, Exited(3));
  tasks.End(2, SIGTERM);
  EXPECT_EQ(tasks.code(), 143);
  EXPECT_TRUE(tasks.was_any_killed(0));
  EXPECT_FALSE(tasks.have_all_ended());
}

TEST(CountsTheTasksOfEachPartFromItsFirst) {
  SrunTasks tasks;
  tasks.Add(0, TaskPlace{0, "n1", 0, 0});
  tasks.Add(1, TaskPlace{1, "n2", 1, 1});
  tasks.Add(2, TaskPlace{1, "n2", 1, 1});
  EXPECT_EQ(tasks.States(1), (std::vector<std::string>{"tasks 0-1: running"}));
  tasks.End(2, 9);
  EXPECT_FALSE(tasks.was_any_killed(0));
  EXPECT_TRUE(tasks.was_any_killed(1));
  const std::vector<EndedTasks> ended = tasks.TakeEnded();
  EXPECT_EQ(ended.size(), size_t{1});
  EXPECT_EQ(ended[0].part, 1);
  EXPECT_EQ(ended[0].Names(), std::string("task 1"));
}

}  // namespace
}  // namespace launcher
