#include "job/exec.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>

#include "mpi/hpcx.h"
#include "node/batch_streams.h"
#include "node/nodes.h"
#include "node/daemon_line.h"
#include "node/report.h"
#include "os/supervisor.h"
#include "spec/compose_environment.h"

namespace launcher {
namespace {

/// What the platform's mpirun tells a rank; it stays, whatever the plan says of the rest.
constexpr const char* kMpiPrefixes[] = {"OMPI_", "PMIX_", "PRTE_"};

Environment Compose(const LaunchSpec& spec, const Environment& own) {
  Environment environment = ComposeEnvironment(spec.env, own);
  for (const auto& [name, value] : own.variables()) {
    for (const char* prefix : kMpiPrefixes) {
      if (name.compare(0, std::strlen(prefix), prefix) == 0) environment.Set(name, value);
    }
  }
  for (const std::string& line : PrepareHpcx(spec.hpcx, DiskProbe(), &environment)) {
    std::fprintf(stderr, "launch: warning: %s\n", line.c_str());
  }
  if (spec.job) environment.SetNumber("SLURM_JOB_ID", spec.job->id);
  return environment;
}

std::vector<std::string> CommandLine(const LaunchSpec& spec) {
  if (!spec.shell) return spec.command;
  std::string line;
  for (const std::string& word : spec.command) line += (line.empty() ? "" : " ") + word;
  return {*spec.shell, "-c", line};
}

}  // namespace

int RunExec(const LaunchSpec& spec, const Environment& own) {
  const Place place = FindPlace(own, ReadHostView(), 0);
  Reporter reporter(spec, place);
  Loop loop;
  std::optional<Outcome> outcome;
  pid_t pid = -1;
  const auto grace = static_cast<double>(spec.limits.grace);
  const auto cancel = [&](const char* state, const char* reason) {
    if (outcome) return;
    outcome = Outcome{state, reason, 0, SIGTERM};
    kill(-pid, SIGCONT);
    kill(-pid, SIGTERM);
    loop.After(grace, [&] { kill(-pid, SIGKILL); });
  };
  Supervisor supervisor(&loop, [&](int signal) {
    if (signal == SIGTERM || signal == SIGINT) return cancel("CANCELLED", kTerminatedReason);
    if (signal != SIGPIPE) kill(-pid, signal);
  });
  SpawnPlan plan;
  plan.argv = CommandLine(spec);
  plan.environment = Compose(spec, own);
  plan.work_dir = spec.work_dir.value_or("");
  plan.umask = spec.umask;
  plan.rlimits = spec.rlimits;
  UniqueFd input;
  if (spec.stdio.in) {
    input = OpenInput(place.rank == 0 ? spec.stdio : Stdio{}, {});
    plan.in = input.get();
  }
  if (place.rank == 0) reporter.Start();
  int code = 0;
  UsageSummary used;
  const Spawned spawned = supervisor.Start(plan, [&](int status) {
    code = ShellCode(status);
    if (!outcome) outcome = OutcomeOf(status);
    used.Add(place.rank, 0, supervisor.used());
    supervisor.EndAll(0, [&] { loop.Stop(); });
  });
  pid = spawned.pid;
  if (spawned.chdir_error != 0) {
    std::fprintf(stderr, "launch: error: %s\n", ChdirFailure(plan.work_dir, spawned.chdir_error).c_str());
  }
  if (spawned.error != 0) {
    std::fprintf(stderr, "launch: error: %s: %s\n", plan.argv[0].c_str(), std::strerror(spawned.error));
    code = spawned.error == ENOENT ? kExitNotFound : kExitNotExecutable;
    outcome = OutcomeOf(code << 8);
  } else {
    if (spec.limits.seconds && place.rank == 0) {
      loop.After(static_cast<double>(*spec.limits.seconds), [&] { cancel("TIMEOUT", "TimeLimit"); });
    }
    loop.Run();
  }
  if (place.size == 1) reporter.Count(used);  // else it would be a part of what the job has used
  if (place.rank == 0) {
    reporter.End(*outcome, place.size);
  } else if (outcome->state == "FAILED") {
    reporter.Rank(*outcome);
  }
  return code;
}

}  // namespace launcher
