#ifndef LAUNCHER_JOB_SCONTROL_H_
#define LAUNCHER_JOB_SCONTROL_H_

#include <string>
#include <vector>

#include "os/env.h"

namespace launcher {

/// What a run that needs nobody else printed and its exit code.
struct Answer {
  std::string out;
  std::string err;
  int code = 0;
};

/// Answers `show hostnames|hostlist|hostlistsorted [LIST]` as Slurm 22.05 does, exit codes included
/// (0 even for a bad list of `show hostnames`). False for every other call: those are the login
/// side's. `args` are without the command's name.
bool AnswerScontrol(const std::vector<std::string>& args, const Environment& environment,
                    Answer* answer);

}  // namespace launcher

#endif  // LAUNCHER_JOB_SCONTROL_H_
