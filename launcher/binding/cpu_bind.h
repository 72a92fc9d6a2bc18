#ifndef LAUNCHER_BINDING_CPU_BIND_H_
#define LAUNCHER_BINDING_CPU_BIND_H_

#include <string>
#include <vector>

#include "os/env.h"

namespace launcher {

/// What --cpu-bind asks for.
struct CpuBind {
  enum class Kind {
    kUnsaid,
    kNone,
    kRank,
    kMap,
    kMask,
    kThreads,
    kCores,
    kSockets,
    kDomains,
    kDomainRank,
    kDomainMap,
    kDomainMask,
  };
  Kind kind = Kind::kUnsaid;
  bool verbose = false;
  std::vector<std::string> list;  ///< of the maps numbers, "3" or "0x3"; of the masks hexadecimal digits

  /// Masks for each task are made from what the step holds.
  bool is_automatic() const { return kind >= Kind::kThreads && kind <= Kind::kDomains; }
};

/// Reads --cpu-bind's value: `[verbose,|quiet,]WORD[:LIST]`, in which a list's items may say `*N` (N times) and the last
/// kind counts. Throws LaunchError with srun's words. Source: srun(1); srun 22.05.
CpuBind ParseCpuBind(const std::string& text);

/// As SLURM_CPU_BIND spells it: `quiet,map_cpu:1,0`; ParseCpuBind reads it. Nothing if nothing was said.
std::string CpuBindText(const CpuBind& bind);

/// SLURM_CPU_BIND and its parts; none if nothing was said.
void SetCpuBind(const CpuBind& bind, Environment* environment);

/// How a task's line of --cpu-bind=verbose calls it: `MAP `.
const char* CpuBindLabel(CpuBind::Kind kind);

}  // namespace launcher

#endif  // LAUNCHER_BINDING_CPU_BIND_H_
