#include "mpi/hpcx.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "os/fd.h"
#include "text/error.h"

namespace launcher {
namespace {

// What hpcx-init.sh sets: names and directories below the root; "" is the root itself.
struct Variable {
  const char* name;
  const char* directory;
};

constexpr Variable kVariables[] = {{"HPCX_DIR", ""},
                                   {"HPCX_HOME", ""},
                                   {"HPCX_UCX_DIR", "/ucx"},
                                   {"HPCX_UCC_DIR", "/ucc"},
                                   {"HPCX_SHARP_DIR", "/sharp"},
                                   {"HPCX_HCOLL_DIR", "/hcoll"},
                                   {"HPCX_NCCL_RDMA_SHARP_PLUGIN_DIR", "/nccl_rdma_sharp_plugin"},
                                   {"HPCX_CLUSTERKIT_DIR", "/clusterkit"},
                                   {"HPCX_MPI_DIR", "/ompi"},
                                   {"HPCX_OSHMEM_DIR", "/ompi"},
                                   {"HPCX_MPI_TESTS_DIR", "/ompi/tests"},
                                   {"OMPI_HOME", "/ompi"},
                                   {"MPI_HOME", "/ompi"},
                                   {"OSHMEM_HOME", "/ompi"},
                                   {"SHMEM_HOME", "/ompi"},
                                   {"OPAL_PREFIX", "/ompi"},
                                   {"PMIX_INSTALL_PREFIX", "/ompi"}};

// Tests have a version in their directories' names; "*" is that: osu-micro-benchmarks-5.8-cuda.
constexpr Variable kTests[] = {{"HPCX_OSU_DIR", "osu-micro-benchmarks*"},
                               {"HPCX_OSU_CUDA_DIR", "osu-micro-benchmarks*-cuda"},
                               {"HPCX_IPM_DIR", "ipm*"}};

// Search paths, the most important directory of each first.
constexpr Variable kPaths[] = {{"PATH", "/ucx/bin"},
                               {"PATH", "/ucc/bin"},
                               {"PATH", "/hcoll/bin"},
                               {"PATH", "/sharp/bin"},
                               {"PATH", "/ompi/tests/imb"},
                               {"PATH", "/clusterkit/bin"},
                               {"PATH", "/ompi/bin"},
                               {"LD_LIBRARY_PATH", "/ucx/lib"},
                               {"LD_LIBRARY_PATH", "/ucx/lib/ucx"},
                               {"LD_LIBRARY_PATH", "/ucc/lib"},
                               {"LD_LIBRARY_PATH", "/ucc/lib/ucc"},
                               {"LD_LIBRARY_PATH", "/hcoll/lib"},
                               {"LD_LIBRARY_PATH", "/sharp/lib"},
                               {"LD_LIBRARY_PATH", "/nccl_rdma_sharp_plugin/lib"},
                               {"LD_LIBRARY_PATH", "/ompi/lib"},
                               {"LIBRARY_PATH", "/hcoll/lib"},
                               {"LIBRARY_PATH", "/sharp/lib"},
                               {"LIBRARY_PATH", "/ucx/lib"},
                               {"LIBRARY_PATH", "/ucc/lib"},
                               {"LIBRARY_PATH", "/nccl_rdma_sharp_plugin/lib"},
                               {"LIBRARY_PATH", "/ompi/lib"},
                               {"CPATH", "/hcoll/include"},
                               {"CPATH", "/sharp/include"},
                               {"CPATH", "/ucx/include"},
                               {"CPATH", "/ucc/include"},
                               {"CPATH", "/ompi/include"},
                               {"PKG_CONFIG_PATH", "/hcoll/lib/pkgconfig"},
                               {"PKG_CONFIG_PATH", "/sharp/lib/pkgconfig"},
                               {"PKG_CONFIG_PATH", "/ucx/lib/pkgconfig"},
                               {"PKG_CONFIG_PATH", "/ompi/lib/pkgconfig"},
                               {"MANPATH", "/ompi/share/man"}};

// Where programs are without a PATH.
constexpr const char* kUsualPath = "/usr/local/bin:/usr/bin:/bin";

// A version as its numbers: 535.104.05 is {535, 104, 5}. Empty: none found.
using Version = std::vector<int>;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// The version that `text` starts with.
Version ReadVersion(std::string_view text) {
  Version version;
  for (size_t at = 0; at < text.size() && IsDigit(text[at]);) {
    int number = 0;
    while (at < text.size() && IsDigit(text[at]) && number < 100000000) {
      number = number * 10 + (text[at++] - '0');
    }
    version.push_back(number);
    if (at + 1 >= text.size() || text[at] != '.') break;
    ++at;
  }
  return version;
}

std::vector<std::string> SplitPath(const std::string& list) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < list.size();) {
    const size_t colon = std::min(list.find(':', at), list.size());
    parts.push_back(list.substr(at, colon - at));
    at = colon + 1;
  }
  return parts;
}

std::string JoinPath(const std::vector<std::string>& parts) {
  std::string list;
  for (size_t i = 0; i < parts.size(); ++i) list += (i == 0 ? "" : ":") + parts[i];
  return list;
}

/// Whether `name` is `pattern`, whose "*" stands for nothing or for a version: -5.8.
bool FitsVersioned(const std::string& name, const std::string& pattern) {
  const size_t star = pattern.find('*');
  const std::string tail = pattern.substr(star + 1);
  if (name.size() < star + tail.size() || name.compare(0, star, pattern, 0, star) != 0 ||
      name.compare(name.size() - tail.size(), tail.size(), tail) != 0) {
    return false;
  }
  const std::string version = name.substr(star, name.size() - tail.size() - star);
  return version.empty() || version.find_first_not_of("0123456789.", 1) == version.npos;
}

void SetTests(const std::string& root, const FileProbe& files, Environment* environment) {
  const std::string tests = root + "/ompi/tests";
  for (const std::string& name : files.List(tests)) {
    for (const Variable& test : kTests) {
      if (FitsVersioned(name, test.directory)) environment->Set(test.name, tests + "/" + name);
    }
  }
  const std::string library = environment->Get("HPCX_IPM_DIR") + "/lib";
  if (files.IsDirectory(library)) environment->Set("HPCX_IPM_LIB", library + "/libipm.so");
}

/// Puts the directories that exist, and are not on the path yet, in front of it.
void AddToPath(const std::string& root, const char* name, const FileProbe& files,
               Environment* environment) {
  const bool is_program_path = std::string_view(name) == "PATH";
  const std::string old = environment->Get(name, is_program_path ? kUsualPath : "");
  std::vector<std::string> parts = SplitPath(old);
  size_t added = 0;
  for (const Variable& path : kPaths) {
    const std::string directory = root + path.directory;
    if (std::string_view(path.name) != name || !files.IsDirectory(directory) ||
        std::find(parts.begin(), parts.end(), directory) != parts.end()) {
      continue;
    }
    parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(added++), directory);
  }
  if (added == 0) return;
  // An empty last part means the system's own man pages.
  const bool keeps_defaults = std::string_view(name) == "MANPATH" && old.empty();
  environment->Set(name, JoinPath(parts) + (keeps_defaults ? ":" : ""));
}

bool IsUbuntu2404(const FileProbe& files) {
  const std::string release = files.Read("/etc/os-release").value_or("");
  return release.find("ID=ubuntu\n") != release.npos &&
         release.find("VERSION_ID=\"24.04\"") != release.npos;
}

/// Version of the kernel's driver: "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat
/// ...".
Version DriverVersion(const FileProbe& files) {
  const std::string text = files.Read("/proc/driver/nvidia/version").value_or("");
  const std::string_view line = std::string_view(text).substr(0, text.find('\n'));
  for (size_t at = line.find("  "); at < line.size(); at = line.find(' ', at)) {
    at = line.find_first_not_of(' ', at);
    if (at == line.npos) break;
    Version version = ReadVersion(line.substr(at));
    if (version.size() >= 2) return version;
  }
  return {};
}

/// Version of the libcuda in a compat directory, from its file name: libcuda.so.535.104.05.
Version CompatVersion(const FileProbe& files, const std::string& directory) {
  constexpr std::string_view kPrefix = "libcuda.so.";
  for (const std::string& name : files.List(directory)) {
    if (name.compare(0, kPrefix.size(), kPrefix) != 0) continue;
    Version version = ReadVersion(std::string_view(name).substr(kPrefix.size()));
    if (version.size() >= 2) return version;
  }
  return {};
}

bool EndsInCompat(std::string part) {
  while (!part.empty() && part.back() == '/') part.pop_back();
  constexpr std::string_view kEnd = "compat";
  return part.size() >= kEnd.size() &&
         part.compare(part.size() - kEnd.size(), kEnd.size(), kEnd) == 0;
}

void CheckLayout(const std::string& root, const FileProbe& files) {
  if (!files.IsDirectory(root)) throw LaunchError("--hpcx: there is no directory " + root, kExitConfig);
  for (const char* part : {"/ompi", "/ompi/bin", "/ompi/lib"}) {
    if (files.IsDirectory(root + part)) continue;
    throw LaunchError("--hpcx: " + root + " is not the directory of an HPC-X: " + root + part + " is missing", kExitConfig);
  }
}

}  // namespace

bool DiskProbe::IsDirectory(const std::string& path) const {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::optional<std::string> DiskProbe::Read(const std::string& path) const {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return std::nullopt;
  std::string text(64 << 10, '\0');
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = read(fd.get(), text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  text.resize(done);
  return text;
}

std::vector<std::string> DiskProbe::List(const std::string& directory) const {
  std::vector<std::string> names;
  DIR* stream = opendir(directory.c_str());
  if (stream == nullptr) return names;
  while (const dirent* entry = readdir(stream)) names.emplace_back(entry->d_name);
  closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::string> FindHpcx(const std::string& setting, const Environment& environment,
                                    const FileProbe& files) {
  if (setting == "off") return std::nullopt;
  if (setting != "auto") {
    CheckLayout(setting, files);
    return setting;
  }
  for (const std::string& root :
       {environment.Get("HPCX_HOME"), environment.Get("HPCX_DIR"), std::string("/opt/hpcx")}) {
    if (!root.empty() && files.IsDirectory(root)) return root;
  }
  return std::nullopt;
}

std::vector<std::string> AddHpcx(const std::string& root, const FileProbe& files,
                                 Environment* environment) {
  for (const Variable& variable : kVariables) {
    const std::string directory = root + variable.directory;
    if (files.IsDirectory(directory)) environment->Set(variable.name, directory);
  }
  SetTests(root, files, environment);
  for (const char* name :
       {"PATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "CPATH", "PKG_CONFIG_PATH", "MANPATH"}) {
    AddToPath(root, name, files, environment);
  }

  const std::string text = files.Read(root + "/VERSION").value_or("");
  const size_t start = text.find("HPC-X v");
  if (start == text.npos) return {};
  const Version version = ReadVersion(std::string_view(text).substr(start + 7));
  const Version oldest = IsUbuntu2404(files) ? Version{2, 21} : Version{2, 18};
  if (version.empty() || !(version < oldest)) return {};
  const auto dotted = [](const Version& v) {
    return std::to_string(v[0]) + "." + std::to_string(v.size() > 1 ? v[1] : 0);
  };
  return {"HPC-X in " + root + " is version " + dotted(version) + ", older than " + dotted(oldest) +
          ": MPI programs may fail"};
}

void DropOldCompat(const FileProbe& files, Environment* environment) {
  const std::string* list = environment->Find("LD_LIBRARY_PATH");
  if (!list || list->find("compat") == list->npos) return;
  const Version driver = DriverVersion(files);
  if (driver.empty()) return;
  std::vector<std::string> parts = SplitPath(*list);
  const auto is_old = [&](const std::string& part) {
    if (!EndsInCompat(part)) return false;
    const Version compat = CompatVersion(files, part);
    return !compat.empty() && compat < driver;
  };
  const auto kept = std::remove_if(parts.begin(), parts.end(), is_old);
  if (kept == parts.end()) return;
  parts.erase(kept, parts.end());
  environment->Set("LD_LIBRARY_PATH", JoinPath(parts));
}

std::vector<std::string> PrepareHpcx(const std::string& setting, const FileProbe& files,
                                     Environment* environment) {
  DropOldCompat(files, environment);
  const auto root = FindHpcx(setting, *environment, files);
  if (!root) return {};
  return AddHpcx(*root, files, environment);
}

}  // namespace launcher
