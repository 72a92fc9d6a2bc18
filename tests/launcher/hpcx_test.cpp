#include "mpi/hpcx.h"

#include <map>
#include <set>

#include "test.h"
#include "text/error.h"

namespace launcher {
namespace {

/// A file system made of a few directories and files.
class FakeFiles : public FileProbe {
 public:
  std::set<std::string> directories;
  std::map<std::string, std::string> files;

  bool IsDirectory(const std::string& path) const override { return directories.count(path) > 0; }

  std::optional<std::string> Read(const std::string& path) const override {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  }

  std::vector<std::string> List(const std::string& directory) const override {
    std::vector<std::string> names;
    for (const auto& file : files) {
      const size_t slash = file.first.rfind('/');
      if (file.first.substr(0, slash) == directory) names.push_back(file.first.substr(slash + 1));
    }
    return names;
  }
};

FakeFiles Bundle(const std::string& root, const std::string& version) {
  FakeFiles files;
  for (const char* directory :
       {"", "/ucx", "/ucx/bin", "/ucx/lib", "/ucx/lib/ucx", "/ompi", "/ompi/bin", "/ompi/lib",
        "/ompi/include", "/ompi/share/man", "/nccl_rdma_sharp_plugin/lib"}) {
    files.directories.insert(root + directory);
  }
  files.files[root + "/VERSION"] = "HPC-X v" + version + "\nucx-1.17\n";
  return files;
}

TEST(FindsTheBundle) {
  const FakeFiles files = Bundle("/opt/hpcx", "2.20");
  EXPECT_EQ(FindHpcx("auto", {}, files).value_or("(none)"), std::string("/opt/hpcx"));
  EXPECT_EQ(FindHpcx("auto", {{"HPCX_HOME", "/gone"}}, files).value_or("(none)"),
            std::string("/opt/hpcx"));
  EXPECT_EQ(FindHpcx("auto", {{"HPCX_DIR", "/a"}}, Bundle("/a", "2.20")).value_or("(none)"),
            std::string("/a"));
  EXPECT_EQ(FindHpcx("/opt/hpcx", {}, files).value_or("(none)"), std::string("/opt/hpcx"));
  EXPECT_FALSE(FindHpcx("off", {}, files).has_value());
  EXPECT_FALSE(FindHpcx("auto", {}, FakeFiles()).has_value());
}

TEST(RefusesADirectoryWithoutTheLayout) {
  FakeFiles files = Bundle("/opt/hpcx", "2.20");
  EXPECT_THROW(FindHpcx("/else", {}, files), LaunchError, "--hpcx: there is no directory /else");
  files.directories.erase("/opt/hpcx/ompi/bin");
  EXPECT_THROW(FindHpcx("/opt/hpcx", {}, files), LaunchError,
               "--hpcx: /opt/hpcx is not the directory of an HPC-X: /opt/hpcx/ompi/bin is missing");
}

TEST(FindsTestsByTheirVersions) {
  FakeFiles files = Bundle("/h", "2.20");
  for (const char* name : {"osu-micro-benchmarks-5.8", "osu-micro-benchmarks-5.8-cuda", "ipm-2.0.6", "imb", "osu-x"}) {
    files.files["/h/ompi/tests/" + std::string(name)] = "";
  }
  files.directories.insert("/h/ompi/tests/ipm-2.0.6/lib");
  Environment environment;
  AddHpcx("/h", files, &environment);
  EXPECT_EQ(environment.Get("HPCX_OSU_DIR"), std::string("/h/ompi/tests/osu-micro-benchmarks-5.8"));
  EXPECT_EQ(environment.Get("HPCX_OSU_CUDA_DIR"), std::string("/h/ompi/tests/osu-micro-benchmarks-5.8-cuda"));
  EXPECT_EQ(environment.Get("HPCX_IPM_DIR"), std::string("/h/ompi/tests/ipm-2.0.6"));
  EXPECT_EQ(environment.Get("HPCX_IPM_LIB"), std::string("/h/ompi/tests/ipm-2.0.6/lib/libipm.so"));
}

TEST(KeepsProgramsFoundWithoutAPath) {
  Environment environment;
  AddHpcx("/opt/hpcx", Bundle("/opt/hpcx", "2.20"), &environment);
  EXPECT_EQ(environment.Get("PATH"),
            std::string("/opt/hpcx/ucx/bin:/opt/hpcx/ompi/bin:/usr/local/bin:/usr/bin:/bin"));
}

TEST(SetsWhatExists) {
  Environment environment{{"PATH", "/usr/bin:/opt/hpcx/ompi/bin"},
                          {"LD_LIBRARY_PATH", "/cuda/lib"}};
  EXPECT_EQ(AddHpcx("/opt/hpcx", Bundle("/opt/hpcx", "2.20"), &environment),
            std::vector<std::string>{});
  EXPECT_EQ(environment.Get("PATH"), std::string("/opt/hpcx/ucx/bin:/usr/bin:/opt/hpcx/ompi/bin"));
  EXPECT_EQ(environment.Get("LD_LIBRARY_PATH"),
            std::string("/opt/hpcx/ucx/lib:/opt/hpcx/ucx/lib/ucx:/opt/hpcx/nccl_rdma_sharp_plugin/"
                        "lib:/opt/hpcx/ompi/lib:/cuda/lib"));
  EXPECT_EQ(environment.Get("OPAL_PREFIX"), std::string("/opt/hpcx/ompi"));
  EXPECT_EQ(environment.Get("PMIX_INSTALL_PREFIX"), std::string("/opt/hpcx/ompi"));
  EXPECT_EQ(environment.Get("HPCX_HOME"), std::string("/opt/hpcx"));
  EXPECT_EQ(environment.Get("CPATH"), std::string("/opt/hpcx/ompi/include"));
  EXPECT_EQ(environment.Get("MANPATH"), std::string("/opt/hpcx/ompi/share/man:"));
  EXPECT_FALSE(environment.Has("HPCX_SHARP_DIR"));
  EXPECT_FALSE(environment.Has("PKG_CONFIG_PATH"));
  const Environment once = environment;
  AddHpcx("/opt/hpcx", Bundle("/opt/hpcx", "2.20"), &environment);
  EXPECT_TRUE(environment == once);
}

TEST(WarnsOfOldBundles) {
  const auto warnings = [](const std::string& version, const std::string& release) {
    FakeFiles files = Bundle("/h", version);
    files.files["/etc/os-release"] = release;
    Environment environment;
    return AddHpcx("/h", files, &environment);
  };
  const std::string ubuntu = "NAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\nID=ubuntu\nID_LIKE=debian\n";
  EXPECT_EQ(warnings("2.17.1", ""),
            std::vector<std::string>{
                "HPC-X in /h is version 2.17, older than 2.18: MPI programs may fail"});
  EXPECT_EQ(warnings("2.20", ubuntu),
            std::vector<std::string>{
                "HPC-X in /h is version 2.20, older than 2.21: MPI programs may fail"});
  for (const char* fine : {"2.18", "2.18.1", "2.20", "2.100", "3.0", "x"})
    EXPECT_EQ_WITH(warnings(fine, "").size(), size_t{0}, fine);
  EXPECT_EQ(warnings("2.21", ubuntu).size(), size_t{0});
}

TEST(DropsCompatOfAnOlderDriver) {
  FakeFiles files;
  files.files["/cuda-12/compat/libcuda.so"] = "";
  files.files["/cuda-12/compat/libcuda.so.1"] = "";
  files.files["/cuda-12/compat/libcuda.so.535.104.05"] = "";
  const std::string list = "/cuda-12/compat:/lib:/unknown/compat/";
  const auto after = [&](const std::string& driver) {
    FakeFiles with_driver = files;
    if (!driver.empty()) {
      with_driver.files["/proc/driver/nvidia/version"] =
          "NVRM version: NVIDIA UNIX x86_64 Kernel Module  " + driver +
          "  Sat Aug 19 01:15:15 UTC 2023\nGCC version:  12.2\n";
    }
    Environment environment{{"LD_LIBRARY_PATH", list}};
    DropOldCompat(with_driver, &environment);
    return environment.Get("LD_LIBRARY_PATH");
  };
  EXPECT_EQ(after("550.54.15"), std::string("/lib:/unknown/compat/"));
  EXPECT_EQ(after("535.154.01"), std::string("/lib:/unknown/compat/"));
  EXPECT_EQ(after("535.104.05"), list);
  EXPECT_EQ(after("470.82.01"), list);
  EXPECT_EQ(after(""), list);
}

TEST(LeavesHpcxOut) {
  Environment environment{{"PATH", "/usr/bin"}};
  EXPECT_EQ(PrepareHpcx("off", Bundle("/opt/hpcx", "2.1"), &environment).size(), size_t{0});
  EXPECT_EQ(environment.Words(), std::vector<std::string>{"PATH=/usr/bin"});
  EXPECT_EQ(PrepareHpcx("auto", Bundle("/opt/hpcx", "2.1"), &environment).size(), size_t{1});
}

}  // namespace
}  // namespace launcher
