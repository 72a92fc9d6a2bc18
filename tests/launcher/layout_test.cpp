#include "spec/layout.h"

#include "contract.h"
#include "test.h"
#include "text/error.h"

namespace launcher {
namespace {

Distribution Parsed(const nlohmann::json& row) {
  return ParseDistribution(row["distribution"].get<std::string>()).value();
}

TEST(LaysOutAsSlurm) {
  for (const auto& row : test::Contract("layouts.json", "layout")) {
    LayoutRequest request;
    request.tasks = row["tasks"];
    request.cpus_per_node = row["cpus_per_node"].get<std::vector<int>>();
    request.cpus_per_task = row["cpus_per_task"];
    request.distribution = Parsed(row);
    request.overcommit = row["overcommit"];
    std::string error;
    TaskIds ids;
    try {
      ids = LayOut(request);
    } catch (const LaunchError& refusal) {
      error = refusal.what();
    }
    EXPECT_EQ_WITH(ids, row.value("ids", TaskIds()), row["call"].get<std::string>());
    EXPECT_EQ_WITH(error, row.value("error", ""), row["call"].get<std::string>());
  }
}

TEST(NumbersByHost) {
  for (const auto& row : test::Contract("layouts.json", "by_host")) {
    EXPECT_EQ(NumberByHost(row["node_of_task"].get<std::vector<int>>(), row["nodes"]),
              row["ids"].get<TaskIds>());
  }
}

TEST(NumbersKnownCounts) {
  for (const auto& row : test::Contract("layouts.json", "number")) {
    const auto counts = row["counts"].get<std::vector<int>>();
    const TaskIds ids = NumberTasks(counts, Parsed(row));
    EXPECT_EQ_WITH(ids, row["ids"].get<TaskIds>(), row.dump());
    EXPECT_EQ(CountTasks(ids), counts);
  }
}

TEST(FoldsCounts) {
  for (const auto& row : test::Contract("layouts.json", "fold")) {
    EXPECT_EQ(FoldCounts(row["counts"].get<std::vector<int>>()), row["text"].get<std::string>());
  }
}

TEST(ReadsDistributions) {
  const char* const kNames[] = {"block", "cyclic", "plane", "arbitrary"};
  for (const auto& row : test::Contract("layouts.json", "distribution")) {
    const std::string text = row["text"];
    const auto distribution = ParseDistribution(text);
    EXPECT_EQ_WITH(distribution.has_value(), !row["name"].is_null(), text);
    if (!distribution || row["name"].is_null()) continue;
    EXPECT_EQ_WITH(std::string(kNames[static_cast<int>(distribution->kind)]),
                   row["name"].get<std::string>(), text);
    EXPECT_EQ_WITH(distribution->plane_size, row["plane_size"].get<int>(), text);
    EXPECT_EQ_WITH(DistributionName(*distribution), row["shown"].get<std::string>(), text);
  }
}

TEST(TakesTurnsForFewTasks) {
  EXPECT_EQ(DistributionName(DefaultDistribution(3, 3)), std::string("cyclic"));
  EXPECT_EQ(DistributionName(DefaultDistribution(4, 3)), std::string("block"));
}

}  // namespace
}  // namespace launcher
