#ifndef LAUNCHER_SRUN_OPTIONS_H_
#define LAUNCHER_SRUN_OPTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "env.h"
#include "error.h"

namespace launcher {

/// What an srun command line inside a job asks for. Zero and empty mean: not said.
struct SrunOptions {
  int tasks = 0;
  int min_nodes = 0;
  int max_nodes = 0;
  int tasks_per_node = 0;
  int cpus_per_task = 0;
  int relative = 0;
  std::string distribution;
  std::string nodelist;
  std::string exclude;
  std::string job_name;
  std::string work_dir;
  std::string output;           ///< -o; a number, "none" and "all" have meanings of their own
  std::string error;
  std::string input;
  std::string export_list;      ///< --export; empty: all
  bool append = false;
  bool label = false;
  bool overcommit = false;
  bool quiet = false;
  int kill_on_bad_exit = 0;
  int wait_seconds = 0;         ///< -W: end the others so long after the first task has ended; 0: never
  std::string job_id;           ///< --jobid
  std::string job_dir;          ///< --mlspace-job-dir
  int failure_code = 1;         ///< what srun ends with when there is no step whose tasks' codes it could be
  bool is_owner = false;        ///< --mlspace-owner
  std::string answer;           ///< text that --version asks for
  std::string login_side;       ///< --help or --usage: the login side's srun has the text
  std::vector<std::string> warnings;  ///< options that are ignored, a line each
  std::vector<std::string> command;
};

/// A command line that getopt would not read. what() stands behind "srun: "; exit code 255.
class UsageError : public LaunchError {
 public:
  explicit UsageError(const std::string& text) : LaunchError(text, 255) {}
};

/// Reads srun's command line as GNU getopt does (unique prefixes, clusters, `--opt=value`, the first
/// other word ends the options), over the input variables of `environment`. Throws UsageError,
/// and LaunchError for a bad value.
SrunOptions ReadSrunOptions(const std::vector<std::string>& args, const Environment& environment);

}  // namespace launcher

#endif  // LAUNCHER_SRUN_OPTIONS_H_
