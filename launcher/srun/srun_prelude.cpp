#include "srun/srun_prelude.h"

#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <utility>

#include "os/process.h"

namespace launcher {

SrunPrelude::SrunPrelude(const SrunOptions* options, const SrunMessages* messages, const Environment& own)
    : options_(options), messages_(messages), own_(own) {}

bool SrunPrelude::Wants(const std::string& program) { return !program.empty() && strcasecmp(program.c_str(), "none") != 0; }

void SrunPrelude::FindFile(const std::string& program, const std::string& path) {
  if (!options_->bcast) return;
  file_ = FindProgram(program, path);
  struct stat status;
  if (file_.find('/') == file_.npos || stat(file_.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw LaunchError("Can not execute " + program, 1);
  }
}

std::optional<int> SrunPrelude::RunProgram(const std::string& program, int64_t job, int step) {
  if (access(program.c_str(), R_OK | X_OK) != 0) {
    messages_->Info("Access denied for " + program + ": " + std::strerror(errno));
    return std::nullopt;
  }
  SpawnPlan plan;
  plan.program = program;
  plan.argv = {program};
  plan.argv.insert(plan.argv.end(), options_->world.command.begin(), options_->world.command.end());
  plan.environment = own_;
  for (const char* name : {"SLURM_JOB_ID", "SLURM_JOBID"}) plan.environment.SetNumber(name, job);
  for (const char* name : {"SLURM_STEP_ID", "SLURM_STEPID"}) plan.environment.SetNumber(name, step);
  plan.environment.Set("SLURM_SCRIPT_CONTEXT", "prolog_srun");
  const Spawned spawned = Spawn(plan);
  if (spawned.error != 0) {
    messages_->Error("Can not execute " + program + ": " + std::strerror(spawned.error));
    return std::nullopt;
  }
  int status = 0;
  while (waitpid(spawned.pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

FileHeader SrunPrelude::HeaderOf(int64_t job, int step, const std::string& work_dir) const {
  const std::string& wanted = *options_->bcast;
  const bool is_absolute = !wanted.empty() && wanted[0] == '/';
  FileHeader header;
  header.replace = true;
  if (is_absolute && wanted.back() != '/') {
    header.path = wanted;
  } else {
    header.path = (is_absolute ? wanted : work_dir + "/") + "slurm_bcast_" + std::to_string(job) + "." + std::to_string(step);
    header.is_per_node = true;
  }
  return header;
}

void SrunPrelude::Start(StepParts* parts, int64_t job, int step, const std::string& work_dir,
                        const std::vector<std::string>& nodes, std::function<void()> failed) {
  if (Wants(options_->prolog)) {
    const int status = RunProgram(options_->prolog, job, step).value_or(0);
    if (status != 0) {
      messages_->Error("srun prolog failed rc = " + std::to_string(ShellCode(status)) + ". Aborting step.");
      return failed();
    }
  }
  const auto start = [parts](const std::string& program, bool is_per_node) {
    parts->Start(program, is_per_node);
  };
  if (!options_->bcast) return start("", false);
  FileHeader header = HeaderOf(job, step, work_dir);
  UniqueFd file(open(file_.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (!file || fstat(file.get(), &status) != 0) {
    messages_->Error("Can't open `" + file_ + "`: " + std::strerror(errno));
    return failed();
  }
  header.mode = static_cast<int>(status.st_mode & 07777);
  const auto done = [this, start, header, failed](const FileSender::NodeErrors& errors) {
    if (errors.empty()) return start(header.path, header.is_per_node);
    for (const std::string& line : DescribeErrors(errors)) messages_->Error(line);
    messages_->Info("fatal: Failed to broadcast '" + file_ + "'. Step launch aborted.");
    failed();
  };
  sender_ = std::make_unique<FileSender>([parts](Frame type, std::string_view payload) { parts->Send(type, payload); }, std::move(file), header, nodes, done);
}

void SrunPrelude::RunEpilog(int64_t job, int step) {
  if (!Wants(options_->epilog)) return;
  const int status = RunProgram(options_->epilog, job, step).value_or(0);
  if (status != 0) messages_->Error("srun epilog failed status=" + std::to_string(ShellCode(status)));
}

}  // namespace launcher
