#include "job/main_plan.h"

#include <cstdio>

#include "mpi/hpcx.h"
#include "mpi/mpi.h"
#include "node/batch_streams.h"
#include "node/slurm_env.h"
#include "spec/compose_environment.h"
#include "spec/layout.h"

namespace launcher {

Environment BaseEnvironment(const LaunchSpec& spec, const Environment& own) {
  Environment container = own;
  RemoveRankVariables({}, &container);
  Environment base = ComposeEnvironment(spec.env, container);
  RemoveRankVariables(spec.env.named, &base);  // submitted by a rank of another job
  for (const std::string& line : PrepareHpcx(spec.hpcx, DiskProbe(), &base)) {
    std::fprintf(stderr, "launch: warning: %s\n", line.c_str());
  }
  return base;
}

SpawnPlan PlanOfScript(const LaunchSpec& spec, const Place& place, const Environment& own, const Environment& base,
                       const RuntimeDir& directory) {
  SpawnPlan plan;
  if (spec.script) {
    plan.argv = {directory.WriteScript(spec.script->text)};
    plan.argv.insert(plan.argv.end(), spec.script->args.begin(), spec.script->args.end());
  } else {
    plan.argv = spec.command;
  }
  plan.environment = BatchEnvironment(base, spec, place, own);
  plan.environment.Set(kJobDirName, directory.path());
  if (LacksSlurm(OpenMpiPrefix(base), DiskProbe())) {
    const std::string text = HostFileText(place.names, spec.job->tasks_per_node);
    SetDefaults(HostFileSettings(directory.WriteHostFile(text)), &plan.environment);
  }
  plan.environment.PrependPath("PATH", directory.bin());
  plan.work_dir = spec.work_dir.value_or("");
  plan.umask = spec.umask;
  plan.rlimits = spec.rlimits;
  plan.pid_variable = kTaskPidName;
  return plan;
}

SpawnPlan PlanOfStep(const LaunchSpec& spec, const Environment& base, const RuntimeDir& directory) {
  const JobFacts& job = *spec.job;
  int tasks = 0;
  for (const int count : job.tasks_per_node) tasks += count;
  SpawnPlan plan;
  plan.argv = {directory.bin() + "/srun", "--mlspace-job-dir=" + directory.path(), "--nodes=" + std::to_string(job.nodes),
               "--ntasks=" + std::to_string(tasks), "--distribution=" + DistributionOption(job.distribution)};
  if (spec.mpi != Mpi::kNone) plan.argv.push_back("--mpi=pmix");  // openmpi is the same
  if (spec.stdio.label) plan.argv.push_back("--label");
  const auto add_file = [&plan](const char* option, const std::optional<StdioFile>& file) {
    if (file && IsShared(*file)) plan.argv.push_back(option + file->path);
  };
  add_file("--output=", spec.stdio.out);
  add_file("--error=", spec.stdio.err);
  add_file("--input=", spec.stdio.in);
  if (spec.stdio.append) plan.argv.push_back("--open-mode=append");
  plan.argv.insert(plan.argv.end(), spec.step_options.begin(), spec.step_options.end());
  plan.argv.push_back("--");
  plan.argv.insert(plan.argv.end(), spec.command.begin(), spec.command.end());
  plan.environment = base;
  plan.environment.Set("SLURM_JOB_NAME", job.name);  // for %x
  plan.work_dir = spec.work_dir.value_or("");
  plan.umask = spec.umask;
  plan.rlimits = spec.rlimits;
  return plan;
}

}  // namespace launcher
