#include "node/runtime_dir.h"

#include <dirent.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "os/process.h"
#include "text/word_list.h"

extern char** environ;

namespace launcher {
namespace {

constexpr const char* kLinks[] = {"mlspace", "sacct", "salloc", "sbatch", "sbcast", "scancel",
                                  "scontrol", "seff", "sinfo", "squeue", "srun", "sstat"};

[[noreturn]] void Fail(const std::string& what, const std::string& path) {
  throw LaunchError(what + " " + path + ": " + std::strerror(errno), 1);
}

std::string SharedRoot() { return "/tmp/mlspace-" + std::to_string(getuid()); }

/// Where runtime directories of this user may be: the first is where new ones are made.
std::vector<std::string> Roots(const Environment& environment) {
  std::vector<std::string> roots;
  const std::string runtime = environment.Get("XDG_RUNTIME_DIR");
  if (!runtime.empty() && runtime[0] == '/') roots.push_back(runtime + "/mlspace");
  roots.push_back(SharedRoot());
  return roots;
}

/// Refuses a place that somebody else made, or may write: /tmp is everybody's.
void MakeOwnDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) Fail("cannot make", path);
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) Fail("cannot look at", path);
  if (!S_ISDIR(status.st_mode) || status.st_uid != getuid() || (status.st_mode & 077) != 0) {
    throw LaunchError(path + " is not a directory of our own with mode 0700; remove it", 1);
  }
}

std::string ReadLine(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[4096];
  const ssize_t got = file ? read(file.get(), text, sizeof text) : -1;
  return got > 0 ? std::string(text, static_cast<size_t>(got)) : std::string();
}

/// What is in a directory, but for itself and its parent; nothing of one that cannot be read.
std::vector<std::string> NamesIn(const std::string& path) {
  std::vector<std::string> names;
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr) return names;
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  closedir(directory);
  return names;
}

void RemoveTree(const std::string& path) {
  for (const std::string& name : NamesIn(path)) {
    const std::string child = path + "/" + name;
    if (unlink(child.c_str()) != 0) RemoveTree(child);
  }
  rmdir(path.c_str());
}

pid_t ParentOfProcess(pid_t pid) {
  const std::string text = ReadLine("/proc/" + std::to_string(pid) + "/stat");
  const size_t bracket = text.rfind(')');
  return bracket == std::string::npos || bracket + 4 >= text.size() ? 0 : std::atoi(text.c_str() + bracket + 4);
}

bool IsAncestor(pid_t candidate) {
  for (pid_t pid = getpid(); pid > 1; pid = ParentOfProcess(pid)) {
    if (pid == candidate) return true;
  }
  return false;
}

struct Candidate {
  std::string path;
  pid_t pid;
};

/// Runtime directories of job `id` whose launch lives, in order of name.
std::vector<Candidate> LiveDirectories(const std::string& id, const Environment& environment) {
  std::vector<Candidate> found;
  for (const std::string& root : Roots(environment)) {
    for (const std::string& name : NamesIn(root)) {
      if (name.compare(0, id.size() + 1, id + ".") != 0) continue;
      const std::string path = root + "/" + name;
      const pid_t pid = std::atoi(ReadLine(path + "/pid").c_str());
      if (pid > 0 && kill(pid, 0) == 0 && access((path + "/channel").c_str(), F_OK) == 0) {
        found.push_back({path, pid});
      }
    }
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return found;
}

/// Removes what a launch that was killed has left.
void RemoveDead(const std::string& root) {
  for (const std::string& name : NamesIn(root)) {
    const std::string path = root + "/" + name;
    const pid_t pid = std::atoi(ReadLine(path + "/pid").c_str());
    if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH) RemoveTree(path);
  }
}

sockaddr_un SocketAddress(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw LaunchError("the path " + path + " is too long", 1);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return address;
}

}  // namespace

RuntimeDir::RuntimeDir(const LaunchSpec& spec, const Place& place, const Environment& own) {
  const std::string root = Roots(own).front();
  MakeOwnDirectory(root);
  RemoveDead(root);
  path_ = root + "/" + std::to_string(spec.job->shown_id()) + "." + spec.submission.substr(0, 8) + "." +
          std::to_string(place.node);
  RemoveTree(path_);  // of an attempt that was killed
  if (mkdir(path_.c_str(), 0700) != 0 || mkdir(bin().c_str(), 0700) != 0) Fail("cannot make", path_);
  const std::string self = OwnPath();
  for (const char* name : kLinks) {
    const std::string link = bin() + "/" + name;
    if (symlink(self.c_str(), link.c_str()) != 0) Fail("cannot make", link);
  }
  Write("pid", std::to_string(getpid()), 0600);
  if (spec.job->het) Write("het", std::to_string(spec.job->het->offset) + " " + JoinNumbers(spec.job->het->ids), 0600);
  if (spec.commands) Write("commands", *spec.commands, 0600);
}

RuntimeDir::~RuntimeDir() { RemoveTree(path_); }

void RuntimeDir::Write(const char* name, const std::string& text, mode_t mode) const {
  const std::string path = path_ + "/" + name;
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file) Fail("cannot make", path);
  if (WriteAll(file.get(), text) != 0) Fail("cannot write", path);
}

std::string RuntimeDir::WriteScript(const std::string& text) const {
  const mode_t mask = umask(0);
  Write("script", text, 0700);
  umask(mask);
  return path_ + "/script";
}

std::string RuntimeDir::WriteHostFile(const std::string& text) const {
  Write("hostfile", text, 0600);
  return path_ + "/hostfile";
}

bool RuntimeDir::IsToEnd() const { return access((path_ + "/why").c_str(), F_OK) == 0; }

std::string RuntimeDir::Why() const {
  const UniqueFd file(open((path_ + "/why").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  char text[64];
  const ssize_t got = file ? read(file.get(), text, sizeof text) : 0;
  const std::string_view why(text, got > 0 ? static_cast<size_t>(got) : 0);
  return why == "JOB REQUEUE" || why == "PREEMPTION" ? " DUE TO " + std::string(why) : "";
}

UniqueFd RuntimeDir::Listen() const {
  UniqueFd socket_fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const std::string path = path_ + "/channel";
  const std::string draft = path_ + "/new";  // it gets its name when it can be connected to
  const sockaddr_un address = SocketAddress(draft);
  if (!socket_fd || bind(socket_fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(socket_fd.get(), 1024) != 0 || rename(draft.c_str(), path.c_str()) != 0) {
    Fail("cannot listen on", path);
  }
  return socket_fd;
}

std::optional<std::string> FindJobDir(const Environment& environment) {
  const std::string id = environment.Get("SLURM_JOB_ID", environment.Get("SLURM_JOBID"));
  const std::string told = environment.Get(kJobDirName);
  const std::string own_prefix = id.empty() ? std::string() : id + ".";
  const bool is_of_job = told.compare(told.rfind('/') + 1, own_prefix.size(), own_prefix) == 0;
  if (!told.empty() && is_of_job && access((told + "/channel").c_str(), F_OK) == 0) return told;
  if (id.empty() || id.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  const std::vector<Candidate> found = LiveDirectories(id, environment);
  if (found.empty()) return std::nullopt;
  for (const Candidate& candidate : found) {
    if (IsAncestor(candidate.pid)) return candidate.path;
  }
  return found.front().path;
}

std::vector<int> ReadComponentIds(const std::string& directory) {
  const std::string text = ReadLine(directory + "/het");
  const size_t blank = text.find(' ');
  std::vector<int> ids;
  if (blank == std::string::npos) return ids;
  for (const std::string& word : SplitWords(text.substr(blank + 1))) ids.push_back(std::atoi(word.c_str()));
  return ids;
}

std::string OwnPath() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0) Fail("cannot read", "/proc/self/exe");
  return std::string(path, static_cast<size_t>(length));
}

UniqueFd ConnectToJob(const std::string& directory) {
  UniqueFd socket_fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = SocketAddress(directory + "/channel");
  if (!socket_fd || connect(socket_fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return UniqueFd();
  }
  return socket_fd;
}

int RunForeign(const std::string& name, const std::vector<std::string>& args) {
  const Environment environment = Environment::FromEnvp(environ);
  const std::optional<std::string> job = FindJobDir(environment);
  const std::string commands = job ? ReadLine(*job + "/commands") : std::string();
  const std::string program = commands + "/" + name;
  if (commands.empty() || access(program.c_str(), X_OK) != 0) {
    throw LaunchError("the login side's " + name + " cannot be reached from this node" +
                          (commands.empty() ? std::string() : ": " + program + " is not there"),
                      kExitNotFound);
  }
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  throw LaunchError("cannot execute " + program + ": " + std::strerror(errno), kExitNotExecutable);
}

}  // namespace launcher
