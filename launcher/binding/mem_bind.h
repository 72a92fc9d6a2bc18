#ifndef LAUNCHER_BINDING_MEM_BIND_H_
#define LAUNCHER_BINDING_MEM_BIND_H_

#include <string>
#include <vector>

#include "os/env.h"

namespace launcher {

/// What --mem-bind asks for. Nothing is bound by it: tasks are told of it, as Slurm without task/affinity tells them.
struct MemBind {
  bool is_said = false;
  bool verbose = false;
  bool prefers = false;
  bool sorts = false;
  std::string type;               ///< `local`, or with a list `map_mem:`
  std::vector<std::string> list;
};

/// Reads `[verbose,|quiet,][prefer,][sort,]WORD[:LIST]`. Throws LaunchError with srun's words. Source: srun(1); srun 22.05.
MemBind ParseMemBind(const std::string& text);

/// SLURM_MEM_BIND and its parts; none if nothing was said.
void SetMemBind(const MemBind& bind, Environment* environment);

}  // namespace launcher

#endif  // LAUNCHER_BINDING_MEM_BIND_H_
