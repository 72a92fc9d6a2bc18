#include "mpi/mpi.h"

#include <map>

#include "test.h"

namespace launcher {
namespace {

using Words = std::vector<std::string>;

/// What an mpirun of Open MPI 4.1 has set, and what a user has, with `more` of it.
Environment RankEnvironment(const Environment& more) {
  Environment environment{{"OMPI_COMM_WORLD_RANK", "1"},
                          {"OMPI_COMM_WORLD_SIZE", "2"},
                          {"OMPI_UNIVERSE_SIZE", "2"},
                          {"OMPI_MCA_ess", "^singleton"},
                          {"OMPI_MCA_ess_base_jobid", "1189740545"},
                          {"OMPI_MCA_orte_hnp_uri", "1189740544.0;tcp://192.0.2.2:40331"},
                          {"OMPI_MCA_rmaps_base_mapping_policy", "ppr:1:node"},
                          {"PMIX_RANK", "1"},
                          {"PMIX_SERVER_URI41", "1189740544.0;tcp4://127.0.0.1:44211"},
                          {"PRTE_LAUNCHED", "1"}};
  environment.Merge(more);
  return environment;
}

TEST(TakesTheOuterMpirunAway) {
  const Environment users{{"OMPI_MCA_btl", "tcp,self"},
                          {"OMPI_MCA_btl_tcp_if_include", "eth0"},
                          {"OMPI_MCA_plm_rsh_args", "-p 2222"},
                          {"OMPI_ALLOW_RUN_AS_ROOT", "1"},
                          {"OMPI_CC", "clang"},
                          {"OMPI_HOME", "/opt/hpcx/ompi"},
                          {"OPAL_PREFIX", "/opt/hpcx/ompi"},
                          {"PMIX_INSTALL_PREFIX", "/opt/hpcx/ompi"},
                          {"PMIX_MCA_gds", "hash"},
                          {"PRTE_MCA_plm_ssh_args", "-p 2222"},
                          {"PATH", "/bin"}};
  Environment environment = RankEnvironment(users);
  RemoveRankVariables({}, &environment);
  EXPECT_EQ(environment.Words(), users.Words());
}

TEST(KeepsWhatTheUserNamed) {
  Environment environment = RankEnvironment({});
  RemoveRankVariables({"OMPI_MCA_rmaps_base_mapping_policy"}, &environment);
  EXPECT_EQ(environment.Words(), Words{"OMPI_MCA_rmaps_base_mapping_policy=ppr:1:node"});
}

TEST(LeavesAnotherEnvironmentAsItIs) {
  const Environment users{{"OMPI_MCA_rmaps_base_mapping_policy", "node"}, {"OMPI_MCA_orte_tmpdir_base", "/scratch"}};
  Environment environment = users;
  RemoveRankVariables({}, &environment);
  EXPECT_EQ(environment.Words(), users.Words());
}

Place PlaceOf(const std::vector<std::string>& names) {
  Place place;
  place.names = names;
  return place;
}

TEST(TellsOpenMpiOfNodesThatAreOneMachine) {
  const HostView ours{"n1", "127.0.0.1 localhost\n127.0.1.1\tn1\n127.0.1.2\tn2\n"};
  const HostView elsewhere{"n1", "10.0.0.1 n1\n10.0.0.2 n2\n"};
  const std::string oob = "OMPI_MCA_oob_tcp_if_include=lo";
  const std::string lo = "OMPI_MCA_btl_tcp_if_include=lo", no_shared_memory = "OMPI_MCA_btl=^vader,uct,openib,ofi";
  const struct {
    Words names;
    HostView host;
    bool has_network;
    Words settings;
  } kCases[] = {{{"n1", "n2"}, ours, true, {oob}},
                {{"n1", "n2"}, ours, false, {lo, oob}},
                {{"n1"}, ours, false, {}},
                {{"n1", "n3"}, ours, false, {}},
                {{"n1", "n2"}, elsewhere, false, {}},
                {{"127.0.0.1", "127.0.0.2"}, {"laptop", ""}, true, {no_shared_memory, oob}},
                {{"127.0.0.1", "127.0.0.2"}, {"laptop", ""}, false, {no_shared_memory, lo, oob}},
                {{"10.0.0.1", "10.0.0.2"}, {"pod", ""}, false, {}}};
  for (const auto& row : kCases) {
    EXPECT_EQ_WITH(OneMachineSettings(PlaceOf(row.names), row.host, row.has_network).Words(), row.settings,
                   row.names[0] + " on " + row.host.host_name);
  }
}

TEST(SetsNothingBesideWhatTheUserSet) {
  const Environment defaults{{"OMPI_MCA_btl", "^vader"}, {"OMPI_MCA_btl_tcp_if_include", "lo"}};
  Environment environment{{"OMPI_MCA_btl", "tcp,self"}, {"OMPI_MCA_btl_tcp_if_exclude", "docker0"}};
  const Environment users = environment;
  SetDefaults(defaults, &environment);
  EXPECT_EQ(environment.Words(), users.Words());
  Environment empty;
  SetDefaults(defaults, &empty);
  EXPECT_EQ(empty.Words(), defaults.Words());
}

/// Names of files by directory.
class FakeFiles : public FileProbe {
 public:
  explicit FakeFiles(std::map<std::string, Words> directories) : directories_(std::move(directories)) {}
  bool IsDirectory(const std::string& path) const override { return directories_.count(path) > 0; }
  std::optional<std::string> Read(const std::string&) const override { return std::nullopt; }
  Words List(const std::string& directory) const override {
    const auto found = directories_.find(directory);
    return found == directories_.end() ? Words() : found->second;
  }

 private:
  std::map<std::string, Words> directories_;
};

TEST(SeesWhetherAnOpenMpiKnowsSlurm) {
  const Words with{"mca_plm_rsh.so", "mca_plm_slurm.so"}, without{"mca_plm_rsh.so", "mca_ras_tm.so"};
  const std::string debian = "/usr/lib/x86_64-linux-gnu/openmpi/lib/openmpi3";
  const Words names{"gcc", "x86_64-linux-gnu"}, built_in{"libompi_dbg_msgq.so"};
  EXPECT_TRUE(LacksSlurm("/opt/ompi", FakeFiles({{"/opt/ompi/lib/openmpi", without}})));
  EXPECT_TRUE(LacksSlurm("/opt/ompi", FakeFiles({{"/opt/ompi/lib64/openmpi", without}})));
  EXPECT_TRUE(LacksSlurm("/usr", FakeFiles({{"/usr/lib", names}, {debian, without}})));
  EXPECT_FALSE(LacksSlurm("/usr", FakeFiles({{"/usr/lib", names}, {debian, with}})));
  EXPECT_FALSE(LacksSlurm("/opt/ompi", FakeFiles({{"/opt/ompi/lib/openmpi", with}})));
  EXPECT_FALSE(LacksSlurm("/opt/ompi", FakeFiles({{"/opt/ompi/lib/openmpi", built_in}})));
  EXPECT_FALSE(LacksSlurm("", FakeFiles({{"/lib/openmpi", without}})));
}

TEST(WritesAHostFile) { EXPECT_EQ(HostFileText({"n1", "n2"}, {2, 1}), std::string("n1 slots=2\nn2 slots=1\n")); }

}  // namespace
}  // namespace launcher
