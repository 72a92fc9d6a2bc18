#ifndef LAUNCHER_SRUN_SRUN_OPTIONS_H_
#define LAUNCHER_SRUN_SRUN_OPTIONS_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "os/env.h"
#include "srun/binding_options.h"
#include "step/step_request.h"
#include "text/error.h"

namespace launcher {

/// What an srun command line inside a job asks for. Zero and empty mean: not said.
struct SrunOptions {
  PlacementRequest placement;   ///< its node names are those of --nodefile; `nodelist` and `exclude` are read later
  ResourceRequest resources;
  StreamRequest streams;
  TaskWorld world;              ///< its environment, directory and umask are those of srun, less what `export_list` and `--chdir` change
  StepLimits limits;
  bool kills_on_bad_exit = false;  ///< -K: a task that fails ends the others
  int wait_seconds = 0;         ///< -W: the others end so long after the first task has ended; 0: never
  BindingOptions binding;
  std::string nodelist;         ///< -w, as given
  std::string exclude;          ///< -x, as given
  int tasks_per_gpu = 0;
  int cpus_per_gpu = 0;
  bool whole = false;
  bool exclusive = false;
  std::set<std::string> said;   ///< names of the options on the command line itself
  std::optional<std::string> het_group;  ///< components of the job, as given
  std::string job_name;
  std::string output;           ///< -o; a number, "none" and "all" have meanings of their own
  std::string error;
  std::string input;
  std::string export_list;      ///< --export; empty: all
  std::string prolog;           ///< --prolog: a program for srun to run before the tasks; "none" is none
  std::string epilog;           ///< --epilog: one behind them
  std::optional<std::string> bcast;  ///< --bcast: where the program is copied to; empty: into the directory
  std::string propagate;        ///< --propagate; empty: all
  std::string hpcx;             ///< --hpcx; empty: the environment is as it should be
  bool append = false;
  bool unbuffered = false;
  bool is_multi_prog = false;   ///< the command is a file that says what each task runs, and words for all
  bool quiet = false;
  int verbosity = 0;            ///< how often -v was said
  bool disable_status = false;  ///< -X: the first Ctrl-C goes to the tasks
  bool quits_on_interrupt = false;
  std::string job_id;           ///< --jobid
  std::string job_dir;          ///< --mlspace-job-dir
  int failure_code = 1;         ///< what srun ends with when there is no step whose tasks' codes it could be
  bool is_owner = false;        ///< --mlspace-owner
  bool is_test_only = false;    ///< about a job of its own, which the login side knows of
  std::string answer;           ///< text that --version asks for
  std::string login_side;       ///< --help or --usage: the login side's srun has the text
  std::map<std::string, std::string> given;  ///< by long name: what was said of the options, as -v lists them
  std::vector<std::string> warnings;  ///< options that are ignored, a line each
};

/// Reads srun's command line as GNU getopt does (unique prefixes, clusters, `--opt=value`, the first
/// other word ends the options), over the input variables of `environment`. Throws UsageError,
/// and LaunchError for a bad value.
SrunOptions ReadSrunOptions(const std::vector<std::string>& args, const Environment& environment);

}  // namespace launcher

#endif  // LAUNCHER_SRUN_SRUN_OPTIONS_H_
