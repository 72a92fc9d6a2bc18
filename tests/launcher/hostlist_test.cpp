#include "text/hostlist.h"

#include "contract.h"
#include "test.h"

namespace launcher {
namespace {

using Names = std::vector<std::string>;

TEST(ExpandsAsSlurm) {
  for (const auto& row : test::Contract("hostlists.json", "expand")) {
    const std::string list = row["list"];
    std::string error, detail;
    Names names;
    try {
      names = ExpandHosts(list);
    } catch (const BadHostList& bad) {
      error = bad.what();
      detail = bad.detail();
    }
    EXPECT_EQ_WITH(names, row.value("names", Names()), list);
    EXPECT_EQ_WITH(error, row.value("error", ""), list);
    EXPECT_EQ_WITH(detail, row.value("detail", ""), list);
  }
}

TEST(FoldsAsSlurm) {
  for (const auto& row : test::Contract("hostlists.json", "fold")) {
    const Names names = row["names"];
    EXPECT_EQ(FoldHosts(names), row["list"].get<std::string>());
    EXPECT_EQ(FoldSortedHosts(names), row["sorted"].get<std::string>());
    EXPECT_EQ(ExpandHosts(FoldHosts(names)), names);
  }
}

TEST(TakesTheWidestRange) {
  EXPECT_EQ(ExpandHosts("n[1-65536]").size(), size_t{65536});
  EXPECT_THROW(ExpandHosts("n[0-65536]"), BadHostList, "Invalid hostlist: n[0-65536]");
}

TEST(RefusesToFillTheMemory) {
  EXPECT_THROW(ExpandHosts("a[1-65536]b[1-65536]"), BadHostList,
               "Invalid hostlist: a[1-65536]b[1-65536]");
  EXPECT_THROW(ExpandHosts("a[1-9]b[1-65536]c[1-9]d[1-9]"), LaunchError,
               "Invalid hostlist: a[1-9]b[1-65536]c[1-9]d[1-9]");
}

// Slurm takes such a number for the largest that it has; we keep the name.
TEST(KeepsNumbersThatDoNotFit) {
  const Names names = {"n99999999999999999998", "n99999999999999999999"};
  EXPECT_EQ(FoldHosts(names), std::string("n99999999999999999998,n99999999999999999999"));
  EXPECT_EQ(ExpandHosts("n99999999999999999998,n99999999999999999999"), names);
}

}  // namespace
}  // namespace launcher
