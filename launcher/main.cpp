#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "bcast/sbcast.h"
#include "job/exec.h"
#include "job/hold.h"
#include "job/job.h"
#include "job/scontrol.h"
#include "job/signal_job.h"
#include "job/usage_of_job.h"
#include "mpi/mpi_rank.h"
#include "node/runtime_dir.h"
#include "os/env.h"
#include "spec/spec.h"
#include "srun/srun.h"
#include "text/error.h"

extern char** environ;

namespace launcher {
namespace {

using Words = std::vector<std::string>;

int RunScontrol(const Words& args) {
  Answer answer;
  if (!AnswerScontrol(args, Environment::FromEnvp(environ), &answer)) {
    return RunForeign("scontrol", args);
  }
  std::fputs(answer.out.c_str(), stdout);
  std::fputs(answer.err.c_str(), stderr);
  return answer.code;
}

/// A command that launch serves itself, when it is called by that name or with it as first word.
struct Command {
  const char* name;
  int (*run)(const Words& args);
};

constexpr Command kCommands[] = {
    {"sbcast", [](const Words& args) { return SbcastMain(args); }},
    {"srun", [](const Words& args) { return SrunMain(args); }},
    {"scontrol", RunScontrol},
};

int RunSpec(const Words& flags) {
  const LaunchSpec spec = ReadSpec(flags);
  if (spec.role == Role::kExec) return RunExec(spec, Environment::FromEnvp(environ));
  return RunJob(spec, Environment::FromEnvp(environ));
}

/// Those that are called by `launch NAME` only: no command of Slurm has that name.
constexpr Command kOwnCommands[] = {
    {"signal", [](const Words& args) { return SignalMain(args); }},
    {"hold", [](const Words& args) { return HoldMain(args); }},
    {"usage", [](const Words& args) { return UsageMain(args); }},
    {kMpiTaskCommand, [](const Words& args) { return MpiTaskMain(args); }},
    {kMpiRankCommand, [](const Words& args) { return MpiRankMain(args); }},
};

const Command* FindCommand(const std::string& name) {
  for (const Command& command : kCommands) {
    if (name == command.name) return &command;
  }
  return nullptr;
}

bool IsSpecFlag(const std::string& word) { return word.compare(0, 7, "--spec-") == 0; }

int Run(const std::string& name, const Words& args) {
  if (!args.empty() && IsSpecFlag(args[0])) return RunSpec(args);  // whatever the file is called
  if (const Command* command = FindCommand(name)) return command->run(args);
  if (name != "launch") return RunForeign(name, args);
  if (!args.empty()) {
    const Words rest(args.begin() + 1, args.end());
    if (args[0] == "--version") {
      std::puts("launch " LAUNCHER_VERSION);
      return 0;
    }
    for (const Command& command : kOwnCommands) {
      if (args[0] == command.name) return command.run(rest);
    }
  }
  return RunSpec(args);
}

/// Opens 0, 1 and 2 where the caller has closed them: the next descriptor that we make must not become
/// somebody's standard output.
void FillStandardDescriptors() {
  int fd = 0;
  while (fd >= 0 && fd <= 2) fd = open("/dev/null", O_RDWR);
  if (fd > 2) close(fd);
}

/// The name that launch was called by: one of the links in the job's bin/, or its own.
std::string CalledAs(const char* word) {
  const std::string path = word == nullptr ? "launch" : word;
  return path.substr(path.rfind('/') + 1);
}

}  // namespace
}  // namespace launcher

int main(int argc, char** argv) {
  launcher::FillStandardDescriptors();
  std::string name = launcher::CalledAs(argc > 0 ? argv[0] : nullptr);
  launcher::Words args(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (name == "launch" && !args.empty() && launcher::FindCommand(args[0])) {  // `launch srun`: as if called by the link
    name = args[0];
    args.erase(args.begin());
  }
  try {
    return launcher::Run(name, args);
  } catch (const launcher::LaunchError& error) {
    std::fprintf(stderr, "%s: error: %s\n", name.c_str(), error.what());
    return error.exit_code();
  } catch (const std::exception& error) {  // no memory left, or a defect of ours
    std::fprintf(stderr, "%s: error: %s\n", name.c_str(), error.what());
    return 1;
  }
}
