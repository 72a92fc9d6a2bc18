#include "job/hold.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include "channel/handshake.h"
#include "node/runtime_dir.h"
#include "os/foreground.h"
#include "os/process.h"
#include "os/signals.h"
#include "text/error.h"

extern char** environ;

namespace launcher {
namespace {

constexpr double kRelinquishSeconds = 10;  ///< for the job to end: its steps have KillWait, we need not see that

/// Deaths of the command that count as a success: most likely the user has sent these. Source: salloc 22.05.
constexpr int kWanted[] = {SIGHUP, SIGINT, SIGQUIT, SIGKILL};

struct Call {
  std::string directory;
  std::string job_id;
  int kill_signal = 0;  ///< for the command when the allocation is revoked; 0: none, and it goes on
  bool quiet = false;
  bool verbose = false;
  int failure_code = 1;
  std::vector<std::string> command;
};

Call ReadCall(const std::vector<std::string>& args) {
  Call call;
  size_t at = 0;
  for (; at < args.size() && args[at] != "--"; ++at) {
    const size_t equals = args[at].find('=');
    const std::string name = args[at].substr(0, equals);
    const std::string value = equals == args[at].npos ? std::string() : args[at].substr(equals + 1);
    if (name == "--mlspace-job-dir") {
      call.directory = value;
      call.job_id = std::to_string(std::atoll(value.substr(value.rfind('/') + 1).c_str()));
    } else if (name == "--kill-command") {
      call.kill_signal = std::atoi(value.c_str());
    } else if (name == "--failure-code") {
      call.failure_code = std::atoi(value.c_str());
    } else if (name == "--quiet") {
      call.quiet = true;
    } else if (name == "--verbose") {
      call.verbose = true;
    } else {
      throw LaunchError("hold: what is " + args[at] + "?", kExitUsage);
    }
  }
  if (at < args.size()) call.command.assign(args.begin() + static_cast<long>(at) + 1, args.end());
  if (call.directory.empty() || call.command.empty()) {
    throw LaunchError("hold: --mlspace-job-dir and a command are needed", kExitUsage);
  }
  return call;
}

bool IsProgram(const std::string& file) {
  struct stat status;
  return stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && access(file.c_str(), X_OK) == 0;
}

/// One allocation, from the handshake to the end of the command.
class Holder {
 public:
  explicit Holder(Call call)
      : call_(std::move(call)),
        signals_({SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE, SIGCONT, SIGTTOU, SIGTTIN}) {}

  int Run() {
    UniqueFd socket = ConnectToJob(call_.directory);
    if (!socket) return RevokedBeforeCommand();
    channel_ = std::make_shared<Channel>(&loop_, std::move(socket));
    loop_.WatchRead(signals_.fd(), [this] { OnSignals(); });
    OpenHandshake(channel_, Credentials{}, Peer{"owner", 0}, [this](const std::optional<std::string>& error) {
      if (error) return OnLost();
      channel_->Send(Frame::kAllocation);
      channel_->Listen([this](Frame type, std::string_view payload) { OnFrame(type, payload); }, [this] { OnLost(); });
    });
    loop_.Run();
    return code_;
  }

 private:
  void OnFrame(Frame type, std::string_view payload) {
    if (type == Frame::kAllocationTold && command_ < 0) return Start(Unpacker(payload).Texts());
    if (type == Frame::kEndJob) OnRevoked();
  }

  void Start(const std::vector<std::string>& variables) {
    Environment environment = Environment::FromEnvp(environ);
    environment.Merge(Environment::FromWords(variables));
    environment.Set(kJobDirName, call_.directory);
    const std::string file = FindProgram(call_.command[0], environment.Get("PATH"));
    if (!IsProgram(file)) {
      Say("error: _fork_command: Unable to find command \"" + call_.command[0] + "\"");
      return Relinquish(1 << 8, call_.failure_code);
    }
    SpawnPlan plan;
    plan.argv = call_.command;
    plan.program = file;
    plan.environment = environment;
    plan.is_shell_script = false;
    plan.for_user = true;
    plan.terminal = foreground_.is_ours();
    const Spawned spawned = Spawn(plan);
    if (plan.terminal) foreground_.IsLent();
    if (spawned.error == 0) {
      command_ = spawned.pid;
      return;
    }
    foreground_.TakeBack();
    Say("error: Unable to exec command \"" + call_.command[0] + "\": " + std::strerror(spawned.error));
    Relinquish(1 << 8, 1);
  }

  void OnSignals() {
    while (const int signal = signals_.Next()) {
      if (signal == SIGCHLD) {
        Reap();
      } else if (signal == SIGCONT) {
        Continue();
      } else if (signal == SIGHUP) {
        Relinquish(0, call_.failure_code);  // the terminal is gone, and we with it
      } else if (signal != SIGTTOU && signal != SIGTTIN && !is_revoked_) {
        End(signal, signal);
        OnRevoked();
      }
    }
  }

  void Reap() {
    int status = 0;
    if (command_ <= 0 || waitpid(command_, &status, WNOHANG | WUNTRACED) != command_) return;
    if (WIFSTOPPED(status)) return Suspend();
    command_ = 0;
    foreground_.TakeBack();
    Relinquish(status, CodeOf(status));
  }

  /// The command was stopped at the terminal, which whoever has started us is to have. Where nobody could continue us, the
  /// kernel does not stop us, and the command goes on.
  void Suspend() {
    if (!foreground_.is_terminal()) return;
    foreground_.TakeBack();
    kill(getpid(), SIGTSTP);
    Continue();
  }

  /// By `fg`, which has given us the terminal, or by `bg`, which has not.
  void Continue() {
    if (command_ <= 0) return;
    if (foreground_.is_ours()) foreground_.Lend(command_);
    killpg(command_, SIGCONT);
  }

  int CodeOf(int status) {
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    died_by_ = WTERMSIG(status);
    for (const int signal : kWanted) {
      if (died_by_ == signal) return 0;
    }
    return 1;
  }

  /// Gives the allocation back, and leaves. `status`: the job's end, as of waitpid(2).
  void Relinquish(int status, int code) {
    code_ = code;
    if (!is_revoked_) {
      Inform("Relinquishing job allocation " + call_.job_id);
      is_revoked_ = true;
      End(status, 0);
    }
    if (died_by_ != 0 && call_.verbose) {
      Say("Command \"" + call_.command[0] + "\" was terminated by signal " + std::to_string(died_by_));
    }
    has_ended_ = true;
    if (!channel_->is_open()) return loop_.Stop();
    loop_.After(kRelinquishSeconds, [this] { loop_.Stop(); });  // what follows us finds the job ended, if it does so in time
  }

  void End(int status, int signal) {
    channel_->Send(Frame::kEndAllocation, Packer().Number(status).Number(signal).payload());
  }

  /// Somebody else has ended the job, or its time was over.
  void OnRevoked() {
    if (is_revoked_) return;
    is_revoked_ = true;
    Inform("Job allocation " + call_.job_id + " has been revoked.");
    if (call_.kill_signal == 0 || command_ <= 0) return;
    if (call_.verbose) {
      Say("Sending signal " + std::to_string(call_.kill_signal) + " to command \"" + call_.command[0] + "\", pid " +
          std::to_string(command_));
    }
    kill(command_, call_.kill_signal);
  }

  void OnLost() {
    if (has_ended_) return loop_.Stop();
    if (command_ < 0) {
      code_ = RevokedBeforeCommand();
      return loop_.Stop();
    }
    OnRevoked();
  }

  int RevokedBeforeCommand() {
    Say("error: Allocation was revoked for job " + call_.job_id + " before command could be run");
    return call_.failure_code;
  }

  static void Say(const std::string& line) { std::fprintf(stderr, "salloc: %s\n", line.c_str()); }
  void Inform(const std::string& line) const {
    if (!call_.quiet) Say(line);
  }

  Call call_;
  Loop loop_;
  SignalScope signals_;
  Foreground foreground_;
  std::shared_ptr<Channel> channel_;
  pid_t command_ = -1;  ///< -1 before it was started, 0 when it has ended
  int died_by_ = 0;
  bool is_revoked_ = false;  ///< the allocation is ours no more
  bool has_ended_ = false;
  int code_ = 0;
};

}  // namespace

int HoldMain(const std::vector<std::string>& args) { return Holder(ReadCall(args)).Run(); }

}  // namespace launcher
