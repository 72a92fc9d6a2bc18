#include "mpi/mpi_wire_up.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "mpi/mpi.h"
#include "mpi/mpi_rank.h"
#include "node/runtime_dir.h"
#include "spec/layout.h"
#include "text/error.h"
#include "text/hostlist.h"

namespace launcher {
namespace {

constexpr double kEndPatience = 2;   ///< for mpirun to see that all ranks have ended
constexpr double kKillPatience = 5;  ///< more, after TERM
constexpr size_t kKept = 8192;       ///< bytes of what mpirun says, from its beginning

void WriteFile(const std::string& path, const std::string& text) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) throw LaunchError("cannot make " + path + ": " + std::strerror(errno), 1);
  if (const int error = WriteAll(file.get(), text)) throw LaunchError("cannot write " + path + ": " + std::strerror(error), 1);
}

}  // namespace

std::vector<std::string> MpirunCommand(const std::string& launch, const std::string& host_file, const MpiStep& step) {
  return {"mpirun",    "--allow-run-as-root",   // as whom srun runs
          "--map-by",  "seq",                   // rank i on the node in line i
          "--bind-to", "none",                  // the task has its CPUs, and is not this process
          "--hostfile", host_file, "-np", std::to_string(step.node_of_task.size()),
          launch,      kMpiRankCommand, std::to_string(step.job), std::to_string(step.step)};
}

Environment MpirunEnvironment(const MpiStep& step, const std::string& job_dir, const Environment& settings) {
  Environment environment;
  for (const auto& [name, value] : step.environment.variables()) {
    if (name.compare(0, 6, "SLURM_") != 0) environment.Set(name, value);
  }
  RemoveRankVariables({}, &environment);
  const std::string job = std::to_string(step.job), nodes = FoldHosts(step.nodes);
  environment.Set("SLURM_JOB_ID", job);
  environment.Set("SLURM_JOBID", job);
  environment.Set("SLURM_JOB_NODELIST", nodes);
  environment.Set("SLURM_NODELIST", nodes);
  environment.SetNumber("SLURM_JOB_NUM_NODES", static_cast<long long>(step.nodes.size()));
  environment.SetNumber("SLURM_NNODES", static_cast<long long>(step.nodes.size()));
  environment.Set("SLURM_TASKS_PER_NODE", FoldCounts(step.tasks_per_node));
  environment.Set(kMpiDaemonsName, nodes);
  environment.Set(kJobDirName, job_dir);
  environment.PrependPath("PATH", job_dir + "/bin");
  SetDefaults(settings, &environment);
  return environment;
}

/// The process, and what it says.
struct MpiWireUp::Mpirun {
  Loop* loop = nullptr;
  pid_t pid = -1;
  UniqueFd output;
  std::string said;
  Failed failed;  ///< empty: nobody cares any more

  void Read() {
    char buffer[4096];
    const ssize_t got = read(output.get(), buffer, sizeof buffer);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got > 0) {
      said.append(buffer, std::min(static_cast<size_t>(got), kKept - std::min(said.size(), kKept)));
      return;
    }
    Close();
  }

  void Close() {
    if (output) loop->Forget(output.get());
    output.Reset();
  }

  void OnExit(int wait_status) {
    pid = -1;
    while (output) {  // what it said last
      const size_t before = said.size();
      Read();
      if (said.size() == before) Close();
    }
    if (wait_status != 0 && failed) std::exchange(failed, nullptr)(said);
  }
};

void MpiWireUp::Check(const Environment& environment) {
  if (!OpenMpiPrefix(environment).empty()) return;
  throw LaunchError("--mpi: there is no mpirun on the PATH of the job's first node", 1);
}

MpiWireUp::MpiWireUp(Loop* loop, Supervisor* supervisor, const MpiStep& step, const std::string& job_dir,
                     const Environment& settings, Failed failed)
    : mpirun_(std::make_shared<Mpirun>()) {
  const std::string host_file = job_dir + "/mpi." + std::to_string(step.step) + ".hosts";
  std::string lines;
  for (const std::string& node : step.node_of_task) lines += node + "\n";
  WriteFile(host_file, lines);
  Pipe pipe = MakePipe();
  fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
  const UniqueFd nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  SpawnPlan plan;
  plan.argv = MpirunCommand(OwnPath(), host_file, step);
  plan.environment = MpirunEnvironment(step, job_dir, settings);
  if (LacksSlurm(OpenMpiPrefix(plan.environment), DiskProbe())) {
    SetDefaults(HostFileSettings(host_file), &plan.environment);
  }
  plan.work_dir = "/";  // the one that every node has
  plan.in = nothing.get();
  plan.out = plan.err = pipe.write.get();
  mpirun_->loop = loop;
  mpirun_->output = std::move(pipe.read);
  mpirun_->failed = std::move(failed);
  loop->WatchRead(mpirun_->output.get(), [mpirun = mpirun_] { mpirun->Read(); });
  const Spawned spawned = supervisor->Start(plan, [mpirun = mpirun_](int status) { mpirun->OnExit(status); });
  mpirun_->pid = spawned.pid;
  if (spawned.error == 0) return;
  mpirun_->Close();
  throw LaunchError(std::string("cannot start mpirun: ") + std::strerror(spawned.error), 1);
}

MpiWireUp::~MpiWireUp() {
  mpirun_->failed = nullptr;
  if (mpirun_->pid < 0) return;
  const auto end = [mpirun = mpirun_](int signal) {
    if (mpirun->pid > 0) kill(mpirun->pid, signal);
  };
  mpirun_->loop->After(kEndPatience, [end] { end(SIGTERM); });
  mpirun_->loop->After(kEndPatience + kKillPatience, [end] { end(SIGKILL); });
}

}  // namespace launcher
