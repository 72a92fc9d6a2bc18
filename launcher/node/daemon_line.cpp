#include "node/daemon_line.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <string_view>

#include "os/fd.h"

namespace launcher {

std::string DaemonLine(const std::string& node, const std::string& text) {
  return "slurmstepd-" + node + ": error: " + text + "\n";
}

std::string TimeStamp() {
  const time_t now = time(nullptr);
  tm local;
  localtime_r(&now, &local);
  char text[32];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &local);
  return text;
}

std::string CancelledAt(const std::string& why) { return "CANCELLED AT " + TimeStamp() + why; }

std::string ChdirFailure(const std::string& directory, int error) {
  return "couldn't chdir to `" + directory + "': " + std::strerror(error) + ": going to /tmp instead";
}

std::string ExecFailure(const std::string& name, int error) { return "execve(): " + name + ": " + std::strerror(error); }

std::string ExecFailure(const std::string& name, const SpawnPlan& plan, int error) {
  std::string what = name;
  std::string file = plan.program.empty() ? plan.argv[0] : plan.program;
  if (file[0] != '/') file.insert(0, plan.work_dir + "/");
  if (error == ENOENT) {
    char text[256];
    const UniqueFd script(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    const ssize_t got = script ? read(script.get(), text, sizeof text) : -1;
    const std::string_view line(text, got > 0 ? static_cast<size_t>(got) : 0);
    if (line.substr(0, 2) == "#!") what = "bad interpreter(" + std::string(line.substr(2, line.find('\n') - 2)) + ")";
  }
  return ExecFailure(what, error);
}

}  // namespace launcher
