#ifndef LAUNCHER_BINDING_GPU_BIND_H_
#define LAUNCHER_BINDING_GPU_BIND_H_

#include <string>
#include <vector>

namespace launcher {

/// What --gpu-bind asks for, or --gpus-per-task and --ntasks-per-gpu by themselves.
struct GpuBind {
  enum class Kind { kUnsaid, kNone, kClosest, kSingle, kMap, kMask, kPerTask };
  Kind kind = Kind::kUnsaid;
  bool verbose = false;
  int count = 1;                        ///< tasks on a GPU (kSingle), GPUs of a task (kPerTask)
  std::vector<std::vector<int>> lists;  ///< of the map and the masks: GPUs of the first task, the second, ...
};

/// Reads `[verbose,]KIND[:LIST]`. Throws LaunchError with srun's words. Source: srun(1); srun 22.05, which reads no more than the
/// first letter of "none" and "closest", and 1 where a count is no number.
GpuBind ParseGpuBind(const std::string& text);

/// What a task sees of the GPUs that the step holds on its node.
struct TaskGpus {
  bool are_bound = false;    ///< else all of `held`
  std::vector<int> visible;  ///< numbers among the job's GPUs on the node
  bool is_outside = false;   ///< the binding names none of those that the step holds: this is the first one
};

/// Those of task number `local` of `tasks` on a node. A task alone on its node is not bound. `held` are numbers among the job's
/// GPUs on the node, ascending. What a map names and the step does not hold is left out; if that is all, the task gets the first.
TaskGpus GpusOfTask(const GpuBind& bind, const std::vector<int>& held, int local, int tasks);

/// The line of --gpu-bind=verbose; `bound` are numbers among the job's GPUs, `names` what the node calls them.
std::string GpuBindLine(const std::vector<int>& bound, const std::vector<int>& held, const std::vector<int>& names);

}  // namespace launcher

#endif  // LAUNCHER_BINDING_GPU_BIND_H_
