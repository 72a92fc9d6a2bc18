#ifndef LAUNCHER_SRUN_BINDING_OPTIONS_H_
#define LAUNCHER_SRUN_BINDING_OPTIONS_H_

#include <string>

#include "binding/cpu_bind.h"
#include "binding/mem_bind.h"
#include "os/env.h"
#include "step/step_request.h"

namespace launcher {

/// What an srun command line says of what tasks are bound to, and of what implies it. Zero and empty mean: not said.
struct BindingOptions {
  CpuBind cpu;
  MemBind mem;
  std::string gpu;            ///< --gpu-bind
  int gpus_per_task = 0;
  int tasks_per_gpu = 0;
  int tasks_per_core = 0;
  int tasks_per_socket = 0;
  int threads_per_core = 0;
  std::string hint;
  std::string cpu_frequency;  ///< --cpu-freq, as Slurm spells it; tasks are told of it, and no more
};

/// The hint as --hint takes it. Throws LaunchError with srun's words.
std::string ParseHint(const std::string& text);

/// A --cpu-freq as Slurm spells it: `Low-High:OnDemand`.
std::string SpellFrequency(const std::string& text);

/// What the nodes bind by it. `distribution` is srun's --distribution.
BindingRequest RequestBinding(const BindingOptions& options, int cpus_per_task, const std::string& distribution);

/// What srun tells the tasks of it; a node that binds them tells them more. Source: srun 22.05.
void SetBindingVariables(const BindingOptions& options, Environment* environment);

}  // namespace launcher

#endif  // LAUNCHER_SRUN_BINDING_OPTIONS_H_
