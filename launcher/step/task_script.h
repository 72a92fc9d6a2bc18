#ifndef LAUNCHER_STEP_TASK_SCRIPT_H_
#define LAUNCHER_STEP_TASK_SCRIPT_H_

#include <string>
#include <string_view>
#include <vector>

#include "os/env.h"

namespace launcher {

/// What a task prolog's standard output tells: lines `export NAME=value`, `unset NAME` and `print text`; others mean nothing.
/// Source: srun(1) --task-prolog; compat/captures/*/tasks/task_prolog*.
struct PrologWords {
  std::string printed;  ///< for the task's standard output
  Environment set;
  std::vector<std::string> unset;
};

PrologWords ReadPrologWords(std::string_view output);

/// Why `path` cannot be run as a task prolog, in slurmstepd's words, a line each; none: it can.
std::vector<std::string> WhyNoProlog(const std::string& path);

/// The same for a task epilog.
std::vector<std::string> WhyNoEpilog(const std::string& path);

}  // namespace launcher

#endif  // LAUNCHER_STEP_TASK_SCRIPT_H_
