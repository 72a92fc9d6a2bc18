#include "step/step_layout.h"

#include "test.h"

namespace launcher {
namespace {

/// A job whose nodes n1, n2, ... have so many CPUs, 100 MiB for each, and two GPUs.
struct Job {
  explicit Job(const std::vector<int>& cpus) {
    spec.job.emplace();
    spec.job->nodes = static_cast<int>(cpus.size());
    spec.job->cpus_per_node = cpus;
    spec.job->gpus_per_node = 2;
    for (size_t node = 0; node < cpus.size(); ++node) {
      spec.job->memory_per_node.push_back(100 * cpus[node]);
      place.names.push_back("n" + std::to_string(node + 1));
    }
    ledger.emplace(*spec.job);
    ground = StepGround{&spec, &place, {}};
  }

  std::optional<StepLayout> LayOut(const StepRequest& request) { return LayOutStep(request, ground, *ledger); }

  /// Nodes, by number, and how many tasks each has: "0:2 1:1"; "busy", or why it is refused.
  std::string Try(const StepRequest& request) {
    try {
      const std::optional<StepLayout> layout = LayOut(request);
      if (!layout) return "busy";
      std::string text;
      for (size_t i = 0; i < layout->nodes.size(); ++i) {
        text += (text.empty() ? "" : " ") + std::to_string(layout->nodes[i]) + ":" + std::to_string(layout->tasks[i].size());
      }
      return text;
    } catch (const StepRefusal& refusal) {
      return refusal.what();
    }
  }

  StepLayout Hold(const StepRequest& request) {
    StepLayout layout = LayOut(request).value();
    Take(layout, &*ledger);
    return layout;
  }

  LaunchSpec spec;
  Place place;
  std::optional<StepLedger> ledger;
  StepGround ground;
};

StepRequest Request(int tasks, int least_nodes = 0, int nodes = 0) {
  StepRequest request;
  request.world.command = {"true"};
  request.placement.tasks = tasks;
  request.placement.least_nodes = least_nodes;
  request.placement.nodes = nodes > 0 ? nodes : least_nodes;
  return request;
}

StepRequest Exact(int tasks, int least_nodes = 0, int nodes = 0) {
  StepRequest request = Request(tasks, least_nodes, nodes);
  request.resources.exact = true;
  return request;
}

TEST(GivesAStepItsNodesWhole) {
  Job job({4, 2});
  const StepLayout step = job.Hold(Request(1, 1));
  EXPECT_EQ(step.holdings[0].cpus, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(step.holdings[0].gpus, (std::vector<int>{0, 1}));
  EXPECT_EQ(job.Try(Request(1, 1)), "1:1");
  EXPECT_EQ(job.Try(Request(2, 2)), "busy");
  EXPECT_EQ(job.Try(Exact(3, 1)), "busy");
  GiveBack(step, &*job.ledger);
  EXPECT_EQ(job.Try(Request(2, 2)), "0:1 1:1");
}

TEST(GivesAnExactStepWhatItAsksFor) {
  Job job({4});
  StepRequest request = Exact(1);
  request.resources.cpus_per_task = 3;
  request.resources.no_gpus = true;
  request.resources.memory_per_cpu_mib = 100;
  const StepLayout step = job.Hold(request);
  EXPECT_EQ(step.holdings[0].cpus, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(step.holdings[0].gpus, std::vector<int>{});
  EXPECT_EQ(step.holdings[0].memory_mib, 300);
  EXPECT_EQ(job.Try(Exact(2)), "busy");
  EXPECT_EQ(job.LayOut(Exact(1))->holdings[0].cpus, std::vector<int>{3});
  request = Exact(1);
  request.resources.memory_per_node_mib = 101;
  EXPECT_EQ(job.Try(request), "busy");
}

TEST(SharesAllWithAStepThatOverlaps) {
  Job job({2});
  StepRequest request = Request(2);
  request.resources.overlap = true;
  job.Hold(request);
  EXPECT_EQ(job.Try(Request(2)), "0:2");
  job.Hold(Request(2));
  EXPECT_EQ(job.Try(request), "0:2");
}

TEST(DealsGpus) {
  Job job({4, 4});
  StepRequest request = Exact(2, 2);
  request.resources.gpus = 3;
  const StepLayout step = job.Hold(request);
  EXPECT_EQ(step.holdings[0].gpus, (std::vector<int>{0, 1}));
  EXPECT_EQ(step.holdings[1].gpus, std::vector<int>{0});
  request = Exact(1, 1);
  request.resources.gpus_per_task = 1;
  EXPECT_EQ(job.Try(request), "1:1");
  request.resources.gpus_per_task = 2;
  EXPECT_EQ(job.Try(request), "busy");
  EXPECT_EQ(job.Try(Exact(1, 1)), "busy");  // it would have all GPUs of a node
}

TEST(PrefersNodesThatNoStepUses) {
  Job job({2, 2});
  EXPECT_EQ(job.Try(Exact(2, 1, 2)), "0:1 1:1");
  StepRequest one = Exact(1, 1);
  one.resources.no_gpus = true;
  job.Hold(one);
  StepRequest more = Exact(2, 1, 2);
  more.resources.no_gpus = true;
  EXPECT_EQ(job.Try(more), "1:2");
  more.placement.tasks = 3;
  EXPECT_EQ(job.Try(more), "0:1 1:2");
  more.placement.tasks = 4;
  EXPECT_EQ(job.Try(more), "busy");
}

TEST(RefusesInSlurmsWords) {
  const char* many = "More processors requested than permitted";
  const char* nodes = "Requested node configuration is not available";
  Job job({4, 1, 1});
  EXPECT_EQ(job.Try(Request(6, 3)), "0:4 1:1 2:1");
  EXPECT_EQ(job.Try(Request(7, 3)), many);
  EXPECT_EQ(job.Try(Request(6, 2)), many);
  EXPECT_EQ(job.Try(Request(4, 4)), nodes);
  StepRequest request = Request(2, 1);
  request.placement.relative = 1;
  EXPECT_EQ(job.Try(request), many);
  request = Request(2, 1);
  request.placement.with = {"n2"};
  EXPECT_EQ(job.Try(request), nodes);
  request.placement.with = {"n9"};
  EXPECT_EQ(job.Try(request), nodes);
  request = Request(1, 1);
  request.resources.memory_per_node_mib = 500;
  EXPECT_EQ(job.Try(request), "Memory required by task is not available");
  request = Request(1, 1);
  request.resources.gpus_per_node = 3;
  EXPECT_EQ(job.Try(request), "Invalid generic resource (gres) specification");
}

TEST(StepsGetTheGpusThatTheJobAskedFor) {
  Job job({2, 2});
  EXPECT_EQ(job.LayOut(Request(2)).value().holdings[0].gpus, (std::vector<int>{0, 1}));
  job.spec.job->step_gpus = 0;  // a node as a whole
  EXPECT_EQ(job.LayOut(Request(2)).value().holdings[0].gpus, std::vector<int>{});
  StepRequest request = Request(2);
  request.resources.gpus_per_node = 2;
  EXPECT_EQ(job.LayOut(request).value().holdings[1].gpus, (std::vector<int>{0, 1}));
  job.spec.job->step_gpus = 1;
  EXPECT_EQ(job.Hold(Request(1, 1)).holdings[0].gpus, std::vector<int>{0});
}

TEST(FollowsAnArbitraryList) {
  Job job({2, 2, 2});
  StepRequest request = Request(3, 2);
  request.placement.distribution = "arbitrary";
  request.placement.with = {"n3", "n1", "n3"};
  const StepLayout layout = job.LayOut(request).value();
  EXPECT_EQ(layout.nodes, (std::vector<int>{0, 2}));
  EXPECT_EQ(layout.tasks, (TaskIds{{1}, {0, 2}}));
}

TEST(EveryNodeOfAStepGetsATask) {
  Job job({6, 2});
  StepRequest request = Exact(2, 2);
  request.resources.cpus_per_task = 4;
  EXPECT_EQ(job.Try(request), "0:1 1:1");  // Slurm counts the CPUs of all nodes together
  request.resources.cpus_per_task = 5;
  EXPECT_EQ(job.Try(request), "More processors requested than permitted");
}

}  // namespace
}  // namespace launcher
