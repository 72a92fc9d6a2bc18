#ifndef LAUNCHER_STEP_SHARE_BINDING_H_
#define LAUNCHER_STEP_SHARE_BINDING_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "binding/cpu_plan.h"
#include "binding/gpu_bind.h"
#include "node/nodes.h"
#include "os/env.h"
#include "spec/spec.h"
#include "step/step_request.h"
#include "step/step_resources.h"

namespace launcher {

/// What the node of a share binds its tasks to.
struct BindingGround {
  std::vector<int> gpus;  ///< the job's GPUs on this node, as the node calls them
  int job_cpus = 0;       ///< the job's CPUs on this node
};

/// What the job has of this node.
BindingGround GroundOf(const LaunchSpec& spec, const Place& place, const Environment& own);

/// Throws LaunchError, with srun's words, where a share could not be bound so.
void CheckBinding(const BindingRequest& request);

/// What each task of a share is bound to on its node: Slurm's task/affinity, and its GPU plugin's part of it.
class ShareBinding {
 public:
  /// Of a request that CheckBinding lets through.
  ShareBinding(const BindingRequest& request, const NodeHolding& held, int tasks, const BindingGround& ground);

  /// CPUs for sched_setaffinity; none: the task may run where launch may.
  const std::vector<int>& cpus(int local) const { return plan_.tasks.at(static_cast<size_t>(local)); }

  /// The GPUs that the step holds here, and those of them that a task sees, as the node calls them.
  std::vector<int> held_gpus() const { return Named(held_.gpus); }
  std::vector<int> seen_gpus(int local) const { return Named(GpusOfTask(gpu_, held_.gpus, local, tasks_).visible); }

  /// What a task is told of it.
  void SetVariables(Environment* environment) const;

  /// What is said of it on a task's standard error before the task says anything: what is not as it was asked for, and, with
  /// `verbose`, what is.
  std::string Lines(int local, int task, const std::string& node_name, pid_t pid) const;

 private:
  std::string Complaints(int local, const std::string& node_name) const;
  std::vector<int> Named(const std::vector<int>& gpus) const;

  NodeHolding held_;
  int tasks_;
  std::vector<int> gpu_names_;
  std::string gpu_text_;
  GpuBind gpu_;
  CpuBind cpu_;
  CpuBind told_;
  CpuPlan plan_;
  size_t machine_cpus_ = 0;
};

}  // namespace launcher

#endif  // LAUNCHER_STEP_SHARE_BINDING_H_
