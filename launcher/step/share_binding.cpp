#include "step/share_binding.h"

#include <algorithm>
#include <cstdio>

#include "node/daemon_line.h"
#include "node/slurm_env.h"
#include "text/word_list.h"

namespace launcher {

BindingGround GroundOf(const LaunchSpec& spec, const Place& place, const Environment& own) {
  const JobFacts& job = *spec.job;
  return {VisibleGpus(own, job.gpus_per_node), job.cpus_per_node.at(static_cast<size_t>(place.node))};
}

void CheckBinding(const BindingRequest& request) {
  if (!request.cpu.empty()) ParseCpuBind(request.cpu);
  if (!request.gpu.empty()) ParseGpuBind(request.gpu);
}

ShareBinding::ShareBinding(const BindingRequest& request, const NodeHolding& held, int tasks, const BindingGround& ground)
    : held_(held), tasks_(tasks), gpu_names_(ground.gpus), gpu_text_(request.gpu) {
  if (!gpu_text_.empty()) gpu_ = ParseGpuBind(gpu_text_);
  plan_.tasks.resize(static_cast<size_t>(tasks));
  if (request.cpu.empty()) return;
  cpu_ = told_ = ParseCpuBind(request.cpu);
  if (cpu_.kind == CpuBind::Kind::kUnsaid || cpu_.kind == CpuBind::Kind::kNone) return;
  CpuRequest wanted;
  wanted.bind = cpu_;
  wanted.machine = OwnCpus();
  machine_cpus_ = wanted.machine.size();
  // Which of them are the job's is known only where all are. A hint alone must not put every job on the first ones.
  if (request.cpu_is_implied && static_cast<int>(machine_cpus_) != ground.job_cpus) return;
  wanted.held = held.cpus;
  wanted.tasks = tasks;
  wanted.cpus_per_task = request.cpus_per_task;
  wanted.sockets = request.sockets;
  wanted.threads_per_core = request.threads_per_core;
  plan_ = PlanCpus(wanted);
  told_ = ToldBind(cpu_, plan_);
}

std::vector<int> ShareBinding::Named(const std::vector<int>& gpus) const {
  std::vector<int> names;
  for (const int gpu : gpus) names.push_back(gpu_names_.at(static_cast<size_t>(gpu)));
  return names;
}

void ShareBinding::SetVariables(Environment* environment) const {
  SetCpuBind(told_, environment);
  environment->Unset("SLURMD_TRES_BIND");
  if (!gpu_text_.empty() && tasks_ > 1) environment->Set("SLURMD_TRES_BIND", "gpu:" + gpu_text_);
}

std::string ShareBinding::Lines(int local, int task, const std::string& node_name, pid_t pid) const {
  std::string lines = Complaints(local, node_name);
  if (cpu_.verbose) {
    const bool is_wanted = told_.kind != CpuBind::Kind::kUnsaid && told_.kind != CpuBind::Kind::kNone;
    const char* result = !is_wanted ? "" : cpus(local).empty() ? " FAILED" : " set";
    char numbers[64];
    std::snprintf(numbers, sizeof numbers, "task %2d %2d [%d]", task, local, static_cast<int>(pid));
    lines += std::string("cpu-bind=") + CpuBindLabel(told_.kind) + " - " + node_name + ", " + numbers + ": mask " +
             CpuMask(cpus(local)) + result + "\n";
  }
  if (gpu_.verbose && tasks_ > 1 && !held_.gpus.empty()) {
    lines += GpuBindLine(GpusOfTask(gpu_, held_.gpus, local, tasks_).visible, held_.gpus, gpu_names_);
  }
  return lines;
}

std::string ShareBinding::Complaints(int local, const std::string& node_name) const {
  std::string lines;
  if (local == 0 && !plan_.missing.empty()) {  // said once
    lines += DaemonLine(node_name, "--cpu-bind: CPU " + JoinNumbers(plan_.missing) + " is not there: this machine has " +
                                       std::to_string(machine_cpus_) + " for the node's; tasks that would have no other are not bound");
  }
  const TaskGpus gpus = GpusOfTask(gpu_, held_.gpus, local, tasks_);
  if (gpu_.kind == GpuBind::Kind::kPerTask && gpus.are_bound && static_cast<int>(gpus.visible.size()) < gpu_.count) {
    lines += DaemonLine(node_name, "Not enough gpus to bind for gpus per task");
  }
  if (gpus.is_outside) {
    lines += DaemonLine(node_name, "Bind request gpu:" + gpu_text_ + " does not specify any devices within the allocation for task " +
                                       std::to_string(local) + ". Binding to the first device in the allocation instead.");
  }
  return lines;
}

}  // namespace launcher
