#include "job/scontrol.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "test.h"

namespace launcher {
namespace {

using Words = std::vector<std::string>;

struct Case {
  Words args;
  const char* out;
  const char* err;
  int code;
};

constexpr char kBadRange[] =
    "scontrol: error: _parse_single_range: Invalid range: `3-1'\nInvalid hostlist: n[3-1]\n";

void Expect(const Case& expected, const Environment& environment) {
  std::string call = "scontrol";
  for (const std::string& arg : expected.args) call += " '" + arg + "'";
  Answer answer;
  EXPECT_EQ_WITH(AnswerScontrol(expected.args, environment, &answer), true, call);
  EXPECT_EQ_WITH(answer.out, std::string(expected.out), call);
  EXPECT_EQ_WITH(answer.err, std::string(expected.err), call);
  EXPECT_EQ_WITH(answer.code, expected.code, call);
}

// All outcomes are those of slurm-wlm 22.05.8.
TEST(AnswersAsSlurm) {
  const Case kCases[] = {
      {{"show", "hostnames", "n[1-2]"}, "n1\nn2\n", "", 0},
      {{"show", "hostname", "n[1-2]"}, "n1\nn2\n", "", 0},
      {{"show", "hostn", "n1"}, "n1\n", "", 0},
      {{"sho", "HOSTNAMES", "n1"}, "n1\n", "", 0},
      {{"SHOW", "hostnames", "n1"}, "n1\n", "", 0},
      {{"show", "hostnames=n[1-2]"}, "n1\nn2\n", "", 0},
      {{"show", "hostnames=n1", "n2"}, "n1\n", "", 0},
      {{"show", "hostnames="}, "", "", 0},
      {{"show", "hostnames", ""}, "", "", 0},
      {{"show", "hostnames"}, "", "scontrol: error: host list is empty\n", 0},
      {{"show", "hostnames", "n[3-1]"}, "", kBadRange, 0},
      {{"show", "hostnames", "n[1]z"}, "", "Invalid hostlist: n[1]z\n", 0},
      {{"show", "hostnames", "/no/such/file"}, "/no/such/file\n", "", 0},
      {{"show", "hostnames", "n1", "n2"}, "", "too many arguments for keyword:show\n", 1},
      {{"show", "hostlist", "n1,n3,n2"}, "n[1,3,2]\n", "", 0},
      {{"show", "hostl", "n1"}, "n1\n", "", 0},
      {{"show", "hostlist=n1,n2"}, "n[1-2]\n", "", 0},
      {{"show", "hostlist", ""}, "\n", "", 0},
      {{"show", "hostlist", "n[3-1]"}, "", kBadRange, 1},
      {{"show", "hostlist", "/no/such/file"}, "", "Can not open /no/such/file\n", 1},
      {{"show", "hostlist", "n1", "n2"}, "", "too many arguments for keyword:show\n", 1},
      {{"show", "hostlistsorted", "n1,n3,n2"}, "n[1-3]\n", "", 0},
      {{"show", "hostlists", "n2,n1"}, "n[1-2]\n", "", 0},
      {{"show", "hostlistsorted=n2,n1"}, "n[1-2]\n", "", 0},
      {{"-o", "show", "hostnames", "n1"}, "n1\n", "", 0},
      {{"--oneliner", "show", "hostnames", "n1"}, "n1\n", "", 0},
      {{"show", "hostnames", "-oQ", "n1"}, "n1\n", "", 0},
      {{"--hide", "--", "show", "hostnames", "n1"}, "n1\n", "", 0}};
  for (const Case& row : kCases) Expect(row, {});
}

TEST(TakesTheJobsNodes) {
  Expect({{"show", "hostnames"}, "n2\nn3\n", "", 0}, {{"SLURM_NODELIST", "n[2-3]"}});
  Expect({{"show", "hostnames"}, "", "", 0}, {{"SLURM_NODELIST", ""}});
  Expect({{"show", "hostnames"}, "", "scontrol: error: host list is empty\n", 0},
         {{"SLURM_JOB_NODELIST", "n1"}});
  Expect({{"show", "hostnames", ""}, "", "", 0}, {{"SLURM_NODELIST", "n[2-3]"}});
}

// Slurm prints its help besides.
TEST(WantsAListToFold) {
  Expect({{"show", "hostlist"}, "", "invalid encode argument\n", 1}, {{"SLURM_NODELIST", "n1"}});
}

TEST(ReadsAListFromAFile) {
  char path[] = "/tmp/scontrol_test.XXXXXX";
  close(mkstemp(path));
  std::ofstream(path) << "a\nb[1-2]\n";
  Expect({{"show", "hostlist", path}, "a,b[1-2]\n", "", 0}, {});
  unlink(path);
}

TEST(LeavesTheRestToTheLoginSide) {
  for (const Words& args : {Words{},
                            {"show"},
                            {"show", "job", "1"},
                            {"sh", "hostnames", "n1"},
                            {"show", "host", "n1"},
                            {"show", "hostnamesx", "n1"},
                            {"hold", "hostnames"},
                            {"-M", "x", "show", "hostnames", "n1"},
                            {"--help", "show", "hostnames"},
                            {"-V"},
                            {"show", "hosts"},
                            {"-n1", "show", "hostnames"}}) {
    Answer answer;
    EXPECT_FALSE(AnswerScontrol(args, {}, &answer));
    EXPECT_EQ(answer.err, std::string());
  }
}

}  // namespace
}  // namespace launcher
