#ifndef LAUNCHER_STEP_MULTI_PROG_H_
#define LAUNCHER_STEP_MULTI_PROG_H_

#include <string>
#include <string_view>
#include <vector>

namespace launcher {

using Words = std::vector<std::string>;

/// The program and arguments of each of `tasks` tasks, by task, as the text of a --multi-prog file has them; `extra` words stand
/// behind those of the file. A line: tasks ("0", "1,3-5", or "*": all others, last), a program, its arguments. A backslash takes
/// the next character, the end of the line among them, as it is; so do single quotes; %t is the task, %o its place among those of
/// the line; lines that begin with # are comments. A quote that is not closed leaves the tasks of its line without a program.
/// Throws LaunchError (exit code 1) with Slurm's lines about file `name`. Source: srun(1) "MULTIPLE PROGRAM CONFIGURATION";
/// compat/captures/*/streams/multi_prog*.
std::vector<Words> ParseMultiProg(std::string_view text, const std::string& name, int tasks, const Words& extra);

/// The same of the file at `path`.
std::vector<Words> ReadMultiProg(const std::string& path, int tasks, const Words& extra);

}  // namespace launcher

#endif  // LAUNCHER_STEP_MULTI_PROG_H_
