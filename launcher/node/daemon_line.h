#ifndef LAUNCHER_NODE_DAEMON_LINE_H_
#define LAUNCHER_NODE_DAEMON_LINE_H_

#include <string>

#include "os/process.h"

namespace launcher {

// What Slurm's daemon on a node, slurmstepd, writes into the error streams of jobs and steps.

/// The line of it that says `text`.
std::string DaemonLine(const std::string& node, const std::string& text);

/// The moment in local time, as it writes it: "2026-11-24T06:35:05".
std::string TimeStamp();

/// "CANCELLED AT 2026-11-24T06:35:05", and why: " DUE TO TIME LIMIT", or nothing.
std::string CancelledAt(const std::string& why = "");

/// A directory that a process was to start in cannot be entered.
std::string ChdirFailure(const std::string& directory, int error);

/// A process could not become its program, `error` being execve's.
std::string ExecFailure(const std::string& name, int error);

/// The same, with the interpreter that a script names in place of the name where that is not there. `name` is what the user
/// calls the program. Source: compat/captures/*/batch/no_interpreter.
std::string ExecFailure(const std::string& name, const SpawnPlan& plan, int error);

}  // namespace launcher

#endif  // LAUNCHER_NODE_DAEMON_LINE_H_
