#include "text/filename.h"

#include "contract.h"
#include "test.h"

namespace launcher {
namespace {

FilenameFacts ReadFacts(const nlohmann::json& row) {
  FilenameFacts facts;
  facts.job_id = row["job_id"];
  facts.job_name = row["job_name"];
  facts.user = row["user"];
  facts.node_name = row["node_name"];
  facts.node = row["node"];
  facts.task = row["task"];
  if (row.contains("array_job_id")) facts.array_job_id = row["array_job_id"].get<int64_t>();
  if (row.contains("array_task_id")) facts.array_task_id = row["array_task_id"].get<int64_t>();
  if (row.contains("step")) facts.step = row["step"].get<int>();
  return facts;
}

TEST(ExpandsPatternsAsSlurm) {
  const auto contract = test::Contract("filenames.json");
  for (const auto& row : contract["expand"]) {
    const FilenameFacts facts = ReadFacts(contract["facts"][row["of"].get<std::string>()]);
    EXPECT_EQ_WITH(ExpandFilename(row["pattern"].get<std::string>(), facts),
                   row["name"].get<std::string>(), row.dump());
  }
}

TEST(KnowsWhoSharesAFile) {
  for (const auto& row : test::Contract("filenames.json", "shared")) {
    const std::string pattern = row["pattern"];
    EXPECT_EQ_WITH(IsPerTask(pattern), row["per_task"].get<bool>(), pattern);
    EXPECT_EQ_WITH(IsPerNode(pattern), row["per_node"].get<bool>(), pattern);
  }
}

}  // namespace
}  // namespace launcher
