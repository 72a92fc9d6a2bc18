#include "node/nodes.h"

#include "test.h"
#include "text/error.h"

namespace launcher {
namespace {

using Names = std::vector<std::string>;

constexpr char kHosts[] =
    "127.0.0.1\tlocalhost\n"
    "# 10.9.9.9 job-mpimaster-0 [old\n"
    "::1 job-mpimaster-0\n"
    "10.0.0.7   job-mpimaster-0.job\tjob-mpimaster-0  # the first\r\n"
    "10.0.0.8 n2";

TEST(ReadsNodeRegexes) {
  const struct {
    const char* regex;
    Names names;
  } kCases[] = {{"lm-mpi-job-x-mpimaster-[1:0],lm-mpi-job-x-mpiworker-[1:0-2]@0(4)",
                 {"lm-mpi-job-x-mpimaster-0", "lm-mpi-job-x-mpiworker-0",
                  "lm-mpi-job-x-mpiworker-1", "lm-mpi-job-x-mpiworker-2"}},
                {"n[1:1-4]@0(4)", {"n1", "n2", "n3", "n4"}},
                {"n[2:9-11]", {"n09", "n10", "n11"}},
                {"n[1:1-2,5],m@0(4)", {"n1", "n2", "n5", "m"}},
                {"job-[1:3]f2a-mpimaster-0,job-[1:3]f2a-mpiworker-0@0(2)",
                 {"job-3f2a-mpimaster-0", "job-3f2a-mpiworker-0"}},
                {"[3:127].0.0.1,[3:127].0.0.2@0(2)", {"127.0.0.1", "127.0.0.2"}},
                {"alone", {"alone"}}};
  for (const auto& row : kCases)
    EXPECT_EQ_WITH(NamesFromRegex(row.regex).value_or(Names{}), row.names, row.regex);
}

TEST(RefusesOtherRegexes) {
  for (const char* regex : {"", "@0(4)", "n[1-4]", "n[1:4-1]", "n[x:1]", "n[1:", "n[1:1", "n[1:a]",
                            "n[1:1-]", "n[1:0-9999999]", "a,,b", "n[1:1],"}) {
    EXPECT_EQ_WITH(NamesFromRegex(regex).has_value(), false, regex);
  }
}

TEST(NamesFollowTheRule) {
  const Names names = {"lm-mpi-job-1a-mpimaster-0", "lm-mpi-job-1a-mpiworker-0",
                       "lm-mpi-job-1a-mpiworker-1"};
  EXPECT_TRUE(NamesFromRule("lm-mpi-job-1a-mpiworker-1", 3) == names);
  EXPECT_TRUE(NamesFromRule("lm-mpi-job-1a-mpimaster-0", 1) == Names{names[0]});
  for (const char* other : {"n1", "", "-", "mpimaster-0", "-mpimaster-0", "job-mpimaster-x",
                            "job-mpimaster-", "job-mpihelper-0"}) {
    EXPECT_EQ_WITH(NamesFromRule(other, 2).has_value(), false, other);
  }
  EXPECT_FALSE(NamesFromRule(names[0], 0).has_value());
}

TEST(ReadsHeadNodeUris) {
  EXPECT_EQ(AddressesFromUri("123.0;tcp://10.0.0.5,192.168.0.5:37001"),
            (Names{"10.0.0.5", "192.168.0.5"}));
  EXPECT_EQ(AddressesFromUri("1;tcp://10.0.0.5:1;tcp6://[fe80::1]:2"), (Names{"10.0.0.5"}));
  for (const char* uri : {"", "123.0", "123.0;usock://x", "1;tcp://host:1", "1;tcp://"})
    EXPECT_EQ(AddressesFromUri(uri), Names{});
}

TEST(ReadsHostsFiles) {
  EXPECT_EQ(AddressFromHosts(kHosts, "job-mpimaster-0").value_or(""), std::string("10.0.0.7"));
  EXPECT_EQ(AddressFromHosts(kHosts, "n2").value_or(""), std::string("10.0.0.8"));
  for (const char* name : {"n", "10.0.0.8", "first", ""})
    EXPECT_EQ_WITH(AddressFromHosts(kHosts, name).has_value(), false, name);
  EXPECT_FALSE(AddressFromHosts("", "n2").has_value());
}

TEST(TellsAddressesFromNames) {
  for (const char* text : {"127.0.0.1", "0.0.0.0", "255.255.255.255"})
    EXPECT_EQ_WITH(IsAddress(text), true, text);
  for (const char* text :
       {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.", "a.b.c.d", "1.2.3.-4", "1.2.3.0004"}) {
    EXPECT_EQ_WITH(IsAddress(text), false, text);
  }
  EXPECT_EQ(ShortName("n1.cluster.local"), std::string("n1"));
  EXPECT_EQ(ShortName("127.0.0.3"), std::string("127.0.0.3"));
}

Environment MpiEnvironment(const char* rank, const char* size, const char* host) {
  return {{"OMPI_COMM_WORLD_RANK", rank},
          {"OMPI_COMM_WORLD_SIZE", size},
          {"OMPI_COMM_WORLD_LOCAL_RANK", "0"},
          {"PMIX_HOSTNAME", host},
          {"OMPI_MCA_orte_node_regex", "job-mpimaster-[1:0],job-mpiworker-[1:0]@0(2)"},
          {"OMPI_MCA_orte_hnp_uri", "1.0;tcp://10.0.0.5:7"}};
}

TEST(FindsAPlaceUnderMpirun) {
  const Place place =
      FindPlace(MpiEnvironment("1", "2", "job-mpiworker-0.job"), {"ignored", kHosts}, 2);
  EXPECT_EQ(place.rank, 1);
  EXPECT_EQ(place.size, 2);
  EXPECT_EQ(place.node, 1);
  EXPECT_EQ(place.name(), std::string("job-mpiworker-0"));
  EXPECT_EQ(place.names, (Names{"job-mpimaster-0", "job-mpiworker-0"}));
  EXPECT_EQ(place.first_addresses, (Names{"10.0.0.5", "10.0.0.7"}));
}

TEST(NodesAreInTheRulesOrder) {
  Environment own = MpiEnvironment("0", "3", "job-mpiworker-1");
  own.Set("OMPI_MCA_orte_node_regex", "job-mpimaster-[1:0].job,job-mpiworker-[1:1,0].job@0(3)");
  const Place place = FindPlace(own, {"", ""}, 3);
  EXPECT_EQ(place.names, (Names{"job-mpimaster-0", "job-mpiworker-0", "job-mpiworker-1"}));
  EXPECT_EQ(place.node, 2);
  EXPECT_EQ(place.rank, 0);
  own.Set("OMPI_MCA_orte_node_regex", "job-mpiworker-[1:2,1,0]@0(3)");  // not the rule's names
  EXPECT_EQ(FindPlace(own, {"", ""}, 3).names, (Names{"job-mpiworker-2", "job-mpiworker-1", "job-mpiworker-0"}));
}

TEST(FallsBackToTheRule) {
  Environment own = MpiEnvironment("0", "3", "job-mpimaster-0");
  own.Unset("OMPI_MCA_orte_hnp_uri");
  EXPECT_EQ(FindPlace(own, {"", ""}, 3).names,
            (Names{"job-mpimaster-0", "job-mpiworker-0", "job-mpiworker-1"}));
  EXPECT_EQ(FindPlace(own, {"", ""}, 3).first_addresses, Names{});
  own.Unset("PMIX_HOSTNAME");
  EXPECT_EQ(FindPlace(own, {"job-mpimaster-0", ""}, 3).name(), std::string("job-mpimaster-0"));
}

TEST(IsAloneWithoutMpi) {
  const Place place = FindPlace({}, {"box.example", "127.0.1.1 box"}, 1);
  EXPECT_EQ(place.names, Names{"box"});
  EXPECT_EQ(place.node, 0);
  EXPECT_EQ(place.first_addresses, Names{"127.0.1.1"});
  EXPECT_EQ(FindPlace({}, {"127.0.0.2", ""}, 0).first_addresses, Names{"127.0.0.2"});
}

TEST(SeveralRanksMayShareANode) {
  Environment own = MpiEnvironment("3", "4", "job-mpiworker-0");
  const Place place = FindPlace(own, {"", ""}, 0);
  EXPECT_EQ(place.node, 1);
  EXPECT_EQ(place.rank, 3);
}

TEST(AnotherNameIsPlacedByRank) {
  EXPECT_EQ(FindPlace(MpiEnvironment("1", "2", "localhost"), {"", ""}, 2).node, 1);
}

TEST(RefusesWhatDoesNotFit) {
  const auto find = [](const char* rank, const char* size, int nodes) {
    return FindPlace(MpiEnvironment(rank, size, "n9"), {"", ""}, nodes);
  };
  EXPECT_THROW(find("0", "2", 3), LaunchError,
               "the job has 3 nodes, but launch was started 2 times");
  EXPECT_THROW(
      find("0", "4", 4), LaunchError,
      "cannot find the names of the job's 4 nodes: OMPI_MCA_orte_node_regex does not tell them");
  EXPECT_THROW(find("2", "2", 2), LaunchError,
               "OMPI_COMM_WORLD_RANK is not below OMPI_COMM_WORLD_SIZE");
  EXPECT_THROW(find("x", "2", 2), LaunchError, "OMPI_COMM_WORLD_RANK: not a number");
  EXPECT_THROW(find("0", "4", 0), LaunchError, "n9 is not among the names of the job's nodes");
}

}  // namespace
}  // namespace launcher
