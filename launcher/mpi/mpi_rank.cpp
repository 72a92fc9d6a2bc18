#include "mpi/mpi_rank.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "mpi/mpi.h"
#include "node/daemon_line.h"
#include "node/runtime_dir.h"
#include "os/fd.h"
#include "text/error.h"

extern char** environ;

namespace launcher {
namespace {

constexpr int kLookMs = 100;  ///< between two looks for a process, on kernels before 5.3 that have no pidfd

/// Where the two of one task meet.
struct Meeting {
  std::string variables;  ///< from the rank: NAME=value, each ended by a null character
  std::string pid;        ///< from the task: decimal

  Meeting(const std::string& directory, const std::string& step, const std::string& task)
      : variables(directory + "/mpi." + step + "." + task), pid(variables + ".pid") {
    for (const std::string& path : {variables, pid}) {
      if (mkfifo(path.c_str(), 0600) != 0 && errno != EEXIST) Fail("cannot make", path);
    }
  }

  [[noreturn]] static void Fail(const char* what, const std::string& path) {
    throw LaunchError(what + (" " + path) + ": " + std::strerror(errno), 1);
  }
};

/// Opening waits for the other one.
UniqueFd Open(const std::string& path, int mode) {
  int fd = -1;
  while ((fd = open(path.c_str(), mode | O_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (fd < 0) Meeting::Fail("cannot open", path);
  return UniqueFd(fd);
}

std::string ReadAll(const std::string& path) {
  const UniqueFd fd = Open(path, O_RDONLY);
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) Meeting::Fail("cannot read", path);
    if (got == 0) return text;
    text.append(buffer, static_cast<size_t>(got));
  }
}

void WritePipe(const std::string& path, const std::string& text) {
  const UniqueFd fd = Open(path, O_WRONLY);
  if (WriteAll(fd.get(), text) != 0) Meeting::Fail("cannot write", path);
}

void MergeVariables(const std::string& text, Environment* environment) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\0', at), text.size());
    const size_t equals = text.find('=', at);
    if (equals < end) environment->Set(text.substr(at, equals - at), text.substr(equals + 1, end - equals - 1));
    at = end + 1;
  }
}

/// Executes the words, of which the first is a file; returns errno where that fails.
int Become(const std::vector<std::string>& words, const Environment& environment) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execve(argv[0], argv.data(), EnvBlock(environment).get());
  return errno;
}

volatile pid_t task = -1;  ///< of this rank

/// mpirun ends its ranks, since one has aborted.
void EndTask(int) {
  kill(task, SIGKILL);
  _exit(1);
}

void WaitForEnd(pid_t pid) {
#ifdef SYS_pidfd_open
  const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  pollfd wait = {process.get(), POLLIN, 0};
  while (process && poll(&wait, 1, -1) < 0 && errno == EINTR) {
  }
  if (process || errno == ESRCH) return;
#endif
  while (kill(pid, 0) == 0) poll(nullptr, 0, kLookMs);
}

}  // namespace

int MpiTaskMain(const std::vector<std::string>& args) {
  Environment environment = Environment::FromEnvp(environ);
  if (args.empty()) throw LaunchError("mpi-task: there is no program", 1);
  // Nobody is kept waiting for a program that is not there.
  int error = access(args[0].c_str(), X_OK) == 0 ? 0 : errno;
  if (error == 0) {
    const Meeting meeting(environment.Get(kJobDirName), environment.Get("SLURM_STEP_ID"), environment.Get("SLURM_PROCID"));
    MergeVariables(ReadAll(meeting.variables), &environment);
    WritePipe(meeting.pid, std::to_string(getpid()));
    unlink(meeting.variables.c_str());
    unlink(meeting.pid.c_str());
    error = Become(args, environment);
  }
  std::fputs(DaemonLine(environment.Get("SLURMD_NODENAME"), ExecFailure(args[0], error)).c_str(), stderr);
  return error;
}

int MpiRankMain(const std::vector<std::string>& args) {
  if (args.size() != 2) throw LaunchError("mpi-rank: a job and a step are expected", 1);
  Environment environment = Environment::FromEnvp(environ);
  environment.Set("SLURM_JOB_ID", args[0]);  // a daemon that ssh has started knows of no job
  const auto directory = FindJobDir(environment);
  if (!directory) throw LaunchError("mpi-rank: job " + args[0] + " is not on this node", 1);
  const Meeting meeting(*directory, args[1], environment.Get("OMPI_COMM_WORLD_RANK", environment.Get("PMIX_RANK")));
  std::string variables;
  for (const auto& [name, value] : environment.variables()) {
    if (IsRankVariable(name)) variables += name + "=" + value + '\0';
  }
  WritePipe(meeting.variables, variables);
  const pid_t pid = std::atoi(ReadAll(meeting.pid).c_str());
  if (pid <= 0) return 1;
  task = pid;
  struct sigaction action = {};
  action.sa_handler = EndTask;
  sigaction(SIGTERM, &action, nullptr);
  WaitForEnd(pid);
  return 0;
}

}  // namespace launcher
