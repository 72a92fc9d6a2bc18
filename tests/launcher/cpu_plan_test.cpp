#include "binding/cpu_plan.h"

#include "test.h"

namespace launcher {
namespace {

using Tasks = std::vector<std::vector<int>>;

/// Two sockets of two cores of two threads, as Linux numbers them: CPUs 0-3 are the first threads, 4-7 the second ones.
std::vector<Cpu> Machine() {
  std::vector<Cpu> cpus;
  for (int number = 0; number < 8; ++number) cpus.push_back({number, number % 4, number % 4 / 2, number % 4 / 2});
  return cpus;
}

CpuPlan Planned(const std::string& bind, std::vector<int> held, int tasks, int cpus_per_task = 1,
                SocketOrder sockets = SocketOrder::kCyclic, int threads_per_core = 0) {
  CpuRequest request;
  request.bind = ParseCpuBind(bind);
  request.machine = Machine();
  request.held = std::move(held);
  request.tasks = tasks;
  request.cpus_per_task = cpus_per_task;
  request.sockets = sockets;
  request.threads_per_core = threads_per_core;
  return PlanCpus(request);
}

const std::vector<int> kAll = {0, 1, 2, 3, 4, 5, 6, 7};

TEST(BindsByWhatTheStepHolds) {
  EXPECT_EQ(Planned("threads", kAll, 3).tasks, (Tasks{{0}, {2}, {1}}));
  EXPECT_EQ(Planned("threads", kAll, 3, 1, SocketOrder::kBlock).tasks, (Tasks{{0}, {1}, {4}}));
  EXPECT_EQ(Planned("threads", kAll, 2, 2).tasks, (Tasks{{0, 1}, {2, 3}}));
  EXPECT_EQ(Planned("threads", {1, 2, 3}, 3).tasks, (Tasks{{1}, {2}, {3}}));
  EXPECT_EQ(Planned("cores", kAll, 2).tasks, (Tasks{{0, 4}, {2, 6}}));
  EXPECT_EQ(Planned("cores", {0, 1, 2, 3}, 2).tasks, (Tasks{{0}, {2}}));
  EXPECT_EQ(Planned("sockets", kAll, 3).tasks, (Tasks{{0, 1, 4, 5}, {2, 3, 6, 7}, {0, 1, 4, 5}}));
  EXPECT_EQ(Planned("sockets", {0, 1, 2}, 2).tasks, (Tasks{{0, 1}, {2}}));
  EXPECT_EQ(Planned("ldoms", kAll, 2, 1, SocketOrder::kBlock).tasks, (Tasks{{0, 1, 4, 5}, {0, 1, 4, 5}}));
  EXPECT_EQ(Planned("threads", {0, 2}, 4).tasks, (Tasks{{0}, {2}, {0}, {2}}));  // --overcommit
  EXPECT_EQ(Planned("threads", {0, 2}, 2, 5).tasks, (Tasks{{0, 2}, {0, 2}}));
}

TEST(TakesSocketsInTheirOrder) {
  EXPECT_EQ(Planned("threads", kAll, 2, 3, SocketOrder::kCyclic).tasks, (Tasks{{0, 1, 4}, {2, 3, 6}}));
  EXPECT_EQ(Planned("threads", kAll, 2, 3, SocketOrder::kBlock).tasks, (Tasks{{0, 1, 4}, {2, 3, 5}}));
  EXPECT_EQ(Planned("threads", kAll, 2, 3, SocketOrder::kFullCyclic).tasks, (Tasks{{0, 1, 2}, {3, 4, 6}}));
  EXPECT_EQ(Planned("threads", kAll, 2, 2, SocketOrder::kFullCyclic).tasks, (Tasks{{0, 2}, {1, 3}}));
}

TEST(UsesSomeThreadsOfACore) {
  EXPECT_EQ(Planned("threads", kAll, 4, 1, SocketOrder::kBlock, 1).tasks, (Tasks{{0}, {1}, {2}, {3}}));
  EXPECT_EQ(Planned("cores", kAll, 2, 1, SocketOrder::kCyclic, 1).tasks, (Tasks{{0}, {2}}));
  EXPECT_EQ(Planned("threads", kAll, 4, 1, SocketOrder::kBlock, 2).tasks, (Tasks{{0}, {1}, {4}, {5}}));
}

TEST(BindsAsTheListSays) {
  EXPECT_EQ(Planned("map_cpu:3,0", {0}, 3).tasks, (Tasks{{3}, {0}, {3}}));
  EXPECT_EQ(Planned("map_cpu:0x7", kAll, 1).tasks, (Tasks{{7}}));
  EXPECT_EQ(Planned("mask_cpu:81,2", kAll, 3).tasks, (Tasks{{0, 7}, {1}, {0, 7}}));
  EXPECT_EQ(Planned("rank", kAll, 9).tasks, (Tasks{{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {0}}));
  EXPECT_EQ(Planned("rank_ldom", kAll, 3).tasks, (Tasks{{0, 1, 4, 5}, {2, 3, 6, 7}, {0, 1, 4, 5}}));
  EXPECT_EQ(Planned("map_ldom:1", kAll, 1).tasks, (Tasks{{2, 3, 6, 7}}));
  EXPECT_EQ(Planned("mask_ldom:3", kAll, 1).tasks, (Tasks{{0, 1, 2, 3, 4, 5, 6, 7}}));
  EXPECT_EQ(Planned("none", kAll, 2).tasks, (Tasks{{}, {}}));
}

// The embedded MLSpace's nodes may have more CPUs than the machine.
TEST(SaysWhatTheMachineLacks) {
  const CpuPlan map = Planned("map_cpu:1,8,9", kAll, 3);
  EXPECT_EQ(map.tasks, (Tasks{{1}, {}, {}}));
  EXPECT_EQ(map.missing, (std::vector<int>{8, 9}));
  EXPECT_EQ(Planned("mask_cpu:0x301", kAll, 1).tasks, (Tasks{{0}}));
  const CpuPlan held = Planned("cores", {7, 8}, 2);
  EXPECT_EQ(held.tasks, (Tasks{{7}, {7}}));
  EXPECT_EQ(held.missing, (std::vector<int>{8}));
  EXPECT_EQ(Planned("cores", {8, 9}, 1).tasks, (Tasks{{}}));
  EXPECT_EQ(Planned("cores", kAll, 1).missing, std::vector<int>());
}

TEST(WritesMasks) {
  EXPECT_EQ(CpuMask({}), std::string("0x0"));
  EXPECT_EQ(CpuMask({0, 1}), std::string("0x3"));
  EXPECT_EQ(CpuMask({4}), std::string("0x10"));
  EXPECT_EQ(CpuMask({3, 1, 70}), std::string("0x40000000000000000a"));
}

TEST(TellsMasksThatWereMade) {
  EXPECT_EQ(CpuBindText(ToldBind(ParseCpuBind("v,cores"), Planned("cores", kAll, 2))), std::string("verbose,mask_cpu:0x11,0x44"));
  EXPECT_EQ(CpuBindText(ToldBind(ParseCpuBind("map_cpu:1"), Planned("map_cpu:1", kAll, 2))), std::string("quiet,map_cpu:1"));
}

TEST(FindsTheCpusOfThisMachine) {
  const std::vector<Cpu> own = OwnCpus();
  const std::vector<Cpu> unknown = OwnCpus("/nonexistent");
  EXPECT_FALSE(own.empty());
  EXPECT_EQ(own.size(), unknown.size());
  for (size_t i = 0; i < own.size(); ++i) {
    EXPECT_EQ(own[i].number, unknown[i].number);
    EXPECT_EQ(unknown[i].core, static_cast<int>(i));
    EXPECT_EQ(unknown[i].socket, 0);
  }
}

}  // namespace
}  // namespace launcher
