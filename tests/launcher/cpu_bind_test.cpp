#include "binding/cpu_bind.h"

#include "test.h"
#include "text/error.h"

namespace launcher {
namespace {

std::string ErrorOf(const std::string& text) {
  try {
    ParseCpuBind(text);
  } catch (const LaunchError& error) {
    return error.what();
  }
  return "none";
}

TEST(ReadsAsSlurmSpellsIt) {
  const char* cases[][2] = {
      {"none", "quiet,none"},
      {"no", "quiet,none"},
      {"v,rank", "verbose,rank"},
      {"verbose", "verbose"},
      {"quiet", ""},
      {"verbose,quiet,cores", "quiet,cores"},
      {"CORES", "quiet,cores"},
      {"cores,sockets", "quiet,sockets"},
      {"map_cpu:1,0", "quiet,map_cpu:1,0"},
      {"map_cpu:0*3,1", "quiet,map_cpu:0,0,0,1"},
      {"map_cpu:0x2,v", "verbose,map_cpu:0x2"},
      {"mask_cpu:0x1,0x2", "quiet,mask_cpu:1,2"},
      {"mask_cpu:f*2,0xA0", "quiet,mask_cpu:f,f,A0"},
      {"v,map_ldom:0", "verbose,map_ldom:0"},
      {"mask_ldom:0x3", "quiet,mask_ldom:3"},
      {"map_cpu:3,rank_ldom", "quiet,rank_ldom"},
      {"quiet,mask_cpu:0x1,one_thread", "quiet,mask_cpu:1"},
  };
  for (const auto& [text, expected] : cases) {
    const std::string spelled = CpuBindText(ParseCpuBind(text));
    EXPECT_EQ_WITH(spelled, std::string(expected), text);
    if (!spelled.empty()) EXPECT_EQ_WITH(CpuBindText(ParseCpuBind(spelled)), spelled, text);
  }
}

TEST(RefusesInSlurmsWords) {
  const std::string last = "\nsrun: fatal: Failed to parse --cpu-bind= values.";
  const char* cases[][2] = {
      {"x", "unrecognized --cpu-bind argument \"x\""},
      {"", "unrecognized --cpu-bind argument \"\""},
      {"cores,", "unrecognized --cpu-bind argument \"\""},
      {"cores,1", "unrecognized --cpu-bind argument \"1\""},
      {"map_cpu", "missing list for \"--cpu-bind=map_cpu:<list>\""},
      {"mask_cpu:", "missing list for \"--cpu-bind=mask_cpu:<list>\""},
      {"map_cpu:x", "Failed to validate number: x, the offending character is x"},
      {"map_cpu:1,2*y", "Failed to validate number: 2*y, the offending character is y"},
      {"map_cpu:0xg", "Failed to validate number: 0xg, the offending character is g"},
      {"mask_cpu:1,zz", "unrecognized --cpu-bind argument \"zz\""},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ_WITH(ErrorOf(text), expected + last, text);
}

TEST(TellsTheParts) {
  Environment environment;
  SetCpuBind({}, &environment);
  EXPECT_EQ(environment.variables().size(), size_t{0});
  SetCpuBind(ParseCpuBind("v,map_cpu:1,0"), &environment);
  EXPECT_EQ(environment.Get("SLURM_CPU_BIND"), std::string("verbose,map_cpu:1,0"));
  EXPECT_EQ(environment.Get("SLURM_CPU_BIND_TYPE"), std::string("map_cpu:"));
  EXPECT_EQ(environment.Get("SLURM_CPU_BIND_LIST"), std::string("1,0"));
  EXPECT_EQ(environment.Get("SLURM_CPU_BIND_VERBOSE"), std::string("verbose"));
  SetCpuBind(ParseCpuBind("none"), &environment);
  EXPECT_EQ(environment.Get("SLURM_CPU_BIND_TYPE"), std::string("none"));
  EXPECT_EQ(environment.Get("SLURM_CPU_BIND_LIST", "unset"), std::string(""));
}

}  // namespace
}  // namespace launcher
