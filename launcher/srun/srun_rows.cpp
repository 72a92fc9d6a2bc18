#include "srun/srun_rows.h"

#include <strings.h>

#include <cstdlib>
#include <optional>

#include "binding/gpu_bind.h"
#include "spec/layout.h"
#include "step/step_values.h"
#include "text/duration.h"
#include "text/error.h"

namespace launcher {
namespace {

constexpr int kUsageExit = 255;

constexpr Argument kNone = Argument::kNone;
constexpr Argument kRequired = Argument::kRequired;
constexpr Argument kOptional = Argument::kOptional;

constexpr const char* kGpuBindOnly = "GPUs are bound by --gpu-bind alone";
constexpr const char* kInvalidGres = "Invalid generic resource (gres) specification";
constexpr const char* kLater = "it comes with a later version";
constexpr const char* kHasNodes = "the job has its nodes already";
constexpr const char* kNoSampling = "no resource use is sampled";
constexpr const char* kNoMail = "no mail is sent about a step";
constexpr const char* kNotOffered = "the platform does not offer it";
constexpr const char* kOneUser = "a job runs as who submits it";
constexpr const char* kOneCluster = "there is one cluster";
constexpr const char* kOneImage = "a step runs in its job's container";
constexpr const char* kMounts = "the platform mounts the user's storage by itself";
constexpr const char* kWritable = "a container can always be written to";
constexpr const char* kImageUser = "the image's user runs the job";
constexpr const char* kNoStaging = "there is no data staging here";

[[noreturn]] void Wrong(const std::string& message) { throw LaunchError(message, 1); }

int Count(const char* option, const std::string& text, int least) {
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || value < least || value > 1000000) {
    Wrong("Invalid numeric value \"" + text + "\" for " + option + ".");
  }
  return static_cast<int>(value);
}

void SetNodes(SrunOptions* options, const std::string& text) {
  const NodeRange range = ReadNodeRange(text);
  options->placement.least_nodes = range.least;
  options->placement.nodes = range.most;
}

void SetTasks(SrunOptions* options, const std::string& text) {
  options->placement.tasks = Count("--ntasks", text, 1);
}

void SetDistribution(SrunOptions* options, const std::string& text) {
  if (strcasecmp(text.c_str(), "pack") == 0 || strcasecmp(text.c_str(), "nopack") == 0) return;  // how the tasks of a node are bound
  if (!ParseDistribution(text) && text != "plane") {
    const char* plane = text.rfind("plane", 0) == 0 ? "Invalid plane size or size not specified\nsrun: error: " : "";
    throw LaunchError(std::string(plane) + "Invalid --distribution specification", kUsageExit);
  }
  options->placement.distribution = text;
}

void SetNodefile(SrunOptions* options, const std::string& text) {
  try {
    options->placement.with = ReadHostFile(text);
  } catch (const LaunchError& error) {
    throw LaunchError(std::string(error.what()) + "\nsrun: error: Invalid --nodefile node file", kUsageExit);
  }
}

void SetExclusive(SrunOptions* options, const std::string& text) {
  if (!text.empty() && text != "user" && text != "mcs") throw LaunchError("Invalid --exclusive specification", kUsageExit);
  options->exclusive = options->resources.exact = true;
}

int64_t Memory(const char* option, const std::string& text) {
  const std::optional<int64_t> memory = ReadMemoryMib(text);
  if (!memory) throw LaunchError(std::string("Invalid ") + option + " specification", kUsageExit);
  return *memory;
}

void SetGres(SrunOptions* options, const std::string& text) {
  const std::optional<int> gpus = ReadGres(text);
  if (!gpus) Wrong(kInvalidGres);
  options->resources.gpus_per_node = *gpus;
  options->resources.no_gpus = *gpus == 0;
}

int Gpus(const std::string& text) {
  const std::optional<int> gpus = ReadGpus(text);
  if (!gpus) Wrong(kInvalidGres);
  return *gpus;
}

void SetTime(SrunOptions* options, const std::string& text) {
  const std::optional<int64_t> seconds = ParseTimeLimit(text);
  if (!seconds) throw LaunchError("Invalid --time specification", kUsageExit);
  options->limits.seconds = *seconds;
}

void SetHpcx(SrunOptions* options, const std::string& text) {
  if (text != "auto" && text != "off" && text.compare(0, 1, "/") != 0) {
    Wrong("--hpcx=" + text + ": auto, off, or the absolute path of a directory is expected");
  }
  options->hpcx = text;
}

void SetMpi(SrunOptions* options, const std::string& text) {
  options->world.by_mpirun = text == "openmpi" || text == "pmix" || text.compare(0, 6, "pmix_v") == 0;
  if (text == "list") {
    options->answer = "MPI plugin types are...\n\tpmix\n\tnone\n\topenmpi";
  } else if (text == "pmi2") {
    Wrong("--mpi=pmi2 is not supported: MPI programs start with --mpi=pmix");
  } else if (text != "none" && !options->world.by_mpirun) {
    Wrong("Couldn't find the specified plugin name for mpi/" + text + " looking at all files\nsrun: error: cannot find mpi plugin for mpi/" +
          text + "\nsrun: error: MPI: Cannot create context for mpi/" + text +
          "\nsrun: error: MPI: Unable to load any plugin\nsrun: error: Invalid MPI type '" + text +
          "', --mpi=list for acceptable types");
  }
}

void SetGpuBinding(SrunOptions* options, const std::string& text) {
  ParseGpuBind(text);  // for its message
  options->binding.gpu = text;
}

/// "2", "a100:2"; a type has been chosen for the whole job.
void SetGpusPerTask(SrunOptions* options, const std::string& text) {
  options->binding.gpus_per_task = options->resources.gpus_per_task = Gpus(text);
}

constexpr SrunRow kRows[] = {
    {"ntasks", 'n', kRequired, "SLURM_NTASKS", SetTasks, nullptr, nullptr},
    {"nodes", 'N', kRequired, "SLURM_NNODES", SetNodes, nullptr, nullptr},
    {"ntasks-per-node", 0, kRequired, "SLURM_NTASKS_PER_NODE",
     [](auto* o, auto& t) { o->placement.tasks_per_node = Count("--ntasks-per-node", t, 1); }, nullptr, nullptr},
    {"cpus-per-task", 'c', kRequired, "SRUN_CPUS_PER_TASK",
     [](auto* o, auto& t) {
       o->resources.cpus_per_task = Count("--cpus-per-task", t, 1);
       o->resources.exact = true;  // since 22.05
     },
     nullptr, nullptr},
    {"relative", 'r', kRequired, nullptr, [](auto* o, auto& t) { o->placement.relative = Count("--relative", t, 0); }, nullptr, nullptr},
    {"distribution", 'm', kRequired, "SLURM_DISTRIBUTION", SetDistribution, nullptr, nullptr},
    {"nodelist", 'w', kRequired, nullptr, [](auto* o, auto& t) { o->nodelist = t; }, nullptr, nullptr},
    {"exclude", 'x', kRequired, nullptr, [](auto* o, auto& t) { o->exclude = t; }, nullptr, nullptr},
    {"job-name", 'J', kRequired, nullptr, [](auto* o, auto& t) { o->job_name = t; }, nullptr, nullptr},
    {"chdir", 'D', kRequired, "SLURM_WORKING_DIR", [](auto* o, auto& t) { o->world.work_dir = t; }, nullptr, nullptr},
    {"output", 'o', kRequired, "SLURM_STDOUTMODE", [](auto* o, auto& t) { o->output = t; }, nullptr, nullptr},
    {"error", 'e', kRequired, "SLURM_STDERRMODE", [](auto* o, auto& t) { o->error = t; }, nullptr, nullptr},
    {"input", 'i', kRequired, "SLURM_STDINMODE", [](auto* o, auto& t) { o->input = t; }, nullptr, nullptr},
    {"export", 0, kRequired, "SLURM_EXPORT_ENV", [](auto* o, auto& t) { o->export_list = t.empty() ? "NIL" : t; }, nullptr, nullptr},
    {"propagate", 0, kOptional, nullptr, [](auto* o, auto& t) { o->propagate = t; }, nullptr, nullptr},
    {"prolog", 0, kRequired, "SLURM_PROLOG", [](auto* o, auto& t) { o->prolog = t; }, nullptr, nullptr},
    {"epilog", 0, kRequired, "SLURM_EPILOG", [](auto* o, auto& t) { o->epilog = t; }, nullptr, nullptr},
    {"bcast", 0, kOptional, "SLURM_BCAST", [](auto* o, auto& t) { o->bcast = t; }, nullptr, nullptr},
    {"time", 't', kRequired, "SLURM_TIMELIMIT", SetTime, nullptr, nullptr},
    {"no-kill", 'k', kOptional, "SLURM_NO_KILL", [](auto* o, auto& t) { o->limits.no_kill = t != "off"; }, nullptr, nullptr},
    {"preserve-env", 'E', kNone, nullptr, [](auto* o, auto&) { o->world.keep_counts = true; }, nullptr, nullptr},
    {"task-prolog", 0, kRequired, "SLURM_TASK_PROLOG", [](auto* o, auto& t) { o->world.prolog = t; }, nullptr, nullptr},
    {"task-epilog", 0, kRequired, "SLURM_TASK_EPILOG", [](auto* o, auto& t) { o->world.epilog = t; }, nullptr, nullptr},
    {"open-mode", 0, kRequired, "SLURM_OPEN_MODE",
     [](auto* o, auto& t) {
       if (t != "append" && t != "truncate" && t != "a" && t != "t") throw LaunchError("Invalid --open-mode specification", kUsageExit);
       o->append = t[0] == 'a';
     },
     nullptr, nullptr},
    {"label", 'l', kNone, "SLURM_LABELIO", [](auto* o, auto&) { o->streams.label = true; }, nullptr, nullptr},
    {"overcommit", 'O', kNone, "SLURM_OVERCOMMIT", [](auto* o, auto&) { o->resources.overcommit = true; }, nullptr, nullptr},
    {"quiet", 'Q', kNone, nullptr, [](auto* o, auto&) { o->quiet = true; }, nullptr, nullptr},
    {"kill-on-bad-exit", 'K', kOptional, "SLURM_KILL_BAD_EXIT",
     [](auto* o, auto& t) { o->kills_on_bad_exit = t.empty() || Count("--kill-on-bad-exit", t, 0) > 0; }, nullptr, nullptr},
    {"wait", 'W', kRequired, "SLURM_WAIT", [](auto* o, auto& t) { o->wait_seconds = Count("--wait", t, 0); }, nullptr, nullptr},
    {"unbuffered", 'u', kNone, "SLURM_UNBUFFEREDIO", [](auto* o, auto&) { o->unbuffered = true; }, nullptr, nullptr},
    {"verbose", 'v', kNone, nullptr, [](auto* o, auto&) { ++o->verbosity; }, nullptr, nullptr},
    {"disable-status", 'X', kNone, "SLURM_DISABLE_STATUS", [](auto* o, auto&) { o->disable_status = true; }, nullptr, nullptr},
    {"multi-prog", 0, kNone, nullptr, [](auto* o, auto&) { o->is_multi_prog = true; }, nullptr, nullptr},
    {"quit-on-interrupt", 0, kNone, nullptr, [](auto* o, auto&) { o->quits_on_interrupt = true; }, nullptr, nullptr},
    {"jobid", 0, kRequired, nullptr, [](auto* o, auto& t) { o->job_id = t; }, nullptr, nullptr},
    {"mpi", 0, kRequired, "SLURM_MPI_TYPE", SetMpi, nullptr, nullptr},
    {"version", 'V', kNone, nullptr, [](auto* o, auto&) { o->answer = "slurm 22.05.8"; }, nullptr, nullptr},
    {"help", 'h', kNone, nullptr, [](auto* o, auto&) { o->login_side = "--help"; }, nullptr, nullptr},
    {"usage", 0, kNone, nullptr, [](auto* o, auto&) { o->login_side = "--usage"; }, nullptr, nullptr},
    {"tasks-per-node", 0, kRequired, nullptr, [](auto* o, auto& t) { o->placement.tasks_per_node = Count("--ntasks-per-node", t, 1); }, nullptr, nullptr},
    {"overlap", 0, kOptional, "SLURM_OVERLAP", [](auto* o, auto&) { o->resources.overlap = true; }, nullptr, nullptr},
    {"whole", 0, kNone, "SLURM_WHOLE", [](auto* o, auto&) { o->whole = true; }, nullptr, nullptr},
    {"exact", 0, kNone, "SLURM_EXACT", [](auto* o, auto&) { o->resources.exact = true; }, nullptr, nullptr},
    {"exclusive", 0, kOptional, "SLURM_EXCLUSIVE", SetExclusive, nullptr, nullptr},
    {"immediate", 'I', kOptional, "SLURM_IMMEDIATE",
     [](auto* o, auto& t) { o->resources.immediate_seconds = t.empty() ? 1 : Count("immediate", t, 0); }, nullptr, nullptr},
    {"mem", 0, kRequired, "SLURM_MEM_PER_NODE",
     [](auto* o, auto& t) { o->resources.memory_per_node_mib = Memory("--mem", t); }, nullptr, nullptr},
    {"mem-per-cpu", 0, kRequired, "SLURM_MEM_PER_CPU",
     [](auto* o, auto& t) { o->resources.memory_per_cpu_mib = Memory("--mem-per-cpu", t); }, nullptr, nullptr},
    {"mem-per-gpu", 0, kRequired, "SLURM_MEM_PER_GPU",
     [](auto* o, auto& t) { o->resources.memory_per_gpu_mib = Memory("--mem-per-gpu", t); }, nullptr, nullptr},
    {"gres", 0, kRequired, "SLURM_GRES", SetGres, nullptr, nullptr},
    {"gpus", 'G', kRequired, "SLURM_GPUS", [](auto* o, auto& t) { o->resources.gpus = Gpus(t); }, nullptr, nullptr},
    {"gpus-per-node", 0, kRequired, "SLURM_GPUS_PER_NODE",
     [](auto* o, auto& t) { o->resources.gpus_per_node = Gpus(t); }, nullptr, nullptr},
    {"gpus-per-task", 0, kRequired, "SLURM_GPUS_PER_TASK",
     SetGpusPerTask, nullptr, nullptr},
    {"cpus-per-gpu", 0, kRequired, "SLURM_CPUS_PER_GPU",
     [](auto* o, auto& t) { o->cpus_per_gpu = Count("--cpus-per-gpu", t, 1); }, nullptr, nullptr},
    {"ntasks-per-gpu", 0, kRequired, "SLURM_NTASKS_PER_GPU",
     [](auto* o, auto& t) { o->tasks_per_gpu = o->binding.tasks_per_gpu = Count("--ntasks-per-gpu", t, 1); }, nullptr, nullptr},
    {"ntasks-per-tres", 0, kRequired, nullptr,
     [](auto* o, auto& t) { o->tasks_per_gpu = o->binding.tasks_per_gpu = Count("--ntasks-per-tres", t, 1); }, nullptr, nullptr},
    {"nodefile", 'F', kRequired, nullptr, SetNodefile, nullptr, nullptr},
    // What holds here anyway, is the job's, or has no effect on a step that says how many tasks it has.
    {"signal", 0, kRequired, "SLURM_SIGNAL", [](auto*, auto&) {}, nullptr, nullptr},
    {"bcast-exclude", 0, kRequired, "SLURM_BCAST_EXCLUDE", [](auto*, auto&) {}, nullptr, nullptr},
    {"compress", 0, kOptional, "SLURM_COMPRESS", [](auto*, auto&) {}, nullptr, nullptr},
    {"threads", 'T', kRequired, "SLURM_THREADS", [](auto*, auto& t) { Count("--threads", t, 1); }, nullptr, nullptr},
    {"gpus-per-socket", 0, kRequired, nullptr, [](auto*, auto& t) { Gpus(t); }, nullptr, nullptr},
    {"comment", 0, kRequired, nullptr, [](auto*, auto&) {}, nullptr, nullptr},
    {"partition", 'p', kRequired, nullptr, [](auto*, auto&) {}, nullptr, nullptr},
    {"account", 'A', kRequired, nullptr, [](auto*, auto&) {}, nullptr, nullptr},
    {"use-min-nodes", 0, kNone, nullptr, [](auto*, auto&) {}, nullptr, nullptr},
    // What does no harm when it is left out.
    {"acctg-freq", 0, kRequired, nullptr, nullptr, kNoSampling, nullptr},
    {"begin", 'b', kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"cluster-constraint", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"constraint", 'C', kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"context", 0, kRequired, nullptr, nullptr, kNotOffered, nullptr},
    {"contiguous", 0, kNone, nullptr, nullptr, kHasNodes, nullptr},
    {"core-spec", 'S', kRequired, nullptr, nullptr, kNotOffered, nullptr},
    {"cores-per-socket", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"deadline", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"delay-boot", 0, kRequired, nullptr, nullptr, "nodes are not rebooted", nullptr},
    {"dependency", 'd', kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"extra-node-info", 'B', kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"gpu-freq", 0, kRequired, nullptr, nullptr, kNotOffered, nullptr},
    {"hold", 'H', kNone, nullptr, nullptr, kHasNodes, nullptr},
    {"licenses", 'L', kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"mail-type", 0, kRequired, nullptr, nullptr, kNoMail, nullptr},
    {"mail-user", 0, kRequired, nullptr, nullptr, kNoMail, nullptr},
    {"mcs-label", 0, kRequired, nullptr, nullptr, "there are no such labels", nullptr},
    {"mincpus", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"msg-timeout", 0, kRequired, nullptr, nullptr, "the time that an answer may take is fixed", nullptr},
    {"network", 0, kRequired, nullptr, nullptr, kNotOffered, nullptr},
    {"nice", 0, kOptional, nullptr, nullptr, kHasNodes, nullptr},
    {"ntasks-per-core", 0, kRequired, nullptr,
     [](auto* o, auto& t) { o->binding.tasks_per_core = Count("--ntasks-per-core", t, 1); }, nullptr, nullptr},
    {"oversubscribe", 's', kNone, nullptr, nullptr, kHasNodes, nullptr},
    {"power", 0, kRequired, nullptr, nullptr, kNotOffered, nullptr},
    {"prefer", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"priority", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"profile", 0, kRequired, nullptr, nullptr, kNoSampling, nullptr},
    {"qos", 'q', kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"reboot", 0, kNone, nullptr, nullptr, "nodes are not rebooted", nullptr},
    {"reservation", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"resv-ports", 0, kOptional, nullptr, nullptr, "programs find ports themselves", nullptr},
    {"send-libs", 0, kOptional, nullptr, nullptr, "libraries are not sent", nullptr},
    {"slurmd-debug", 0, kRequired, nullptr, nullptr, "nodes have no log of their own", nullptr},
    {"sockets-per-node", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"spread-job", 0, kNone, nullptr, nullptr, kHasNodes, nullptr},
    {"switches", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"thread-spec", 0, kRequired, nullptr, nullptr, kNotOffered, nullptr},
    {"threads-per-core", 0, kRequired, "SLURM_THREADS_PER_CORE",
     [](auto* o, auto& t) { o->binding.threads_per_core = Count("--threads-per-core", t, 1); }, nullptr, nullptr},
    {"time-min", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"tmp", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"wckey", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"gres-flags", 0, kRequired, nullptr, nullptr, kGpuBindOnly, nullptr},
    {"cpu-bind", 0, kRequired, "SLURM_CPU_BIND", [](auto* o, auto& t) { o->binding.cpu = ParseCpuBind(t); }, nullptr, nullptr},
    {"cpu_bind", 0, kRequired, nullptr, [](auto* o, auto& t) { o->binding.cpu = ParseCpuBind(t); }, nullptr, nullptr},
    {"mem-bind", 0, kRequired, "SLURM_MEM_BIND", [](auto* o, auto& t) { o->binding.mem = ParseMemBind(t); }, "memory is not bound", nullptr},
    {"gpu-bind", 0, kRequired, "SLURM_GPU_BIND", SetGpuBinding, nullptr, nullptr},
    {"accel-bind", 0, kRequired, nullptr, nullptr, kGpuBindOnly, nullptr},
    {"hint", 0, kRequired, "SLURM_HINT", [](auto* o, auto& t) { o->binding.hint = ParseHint(t); }, nullptr, nullptr},
    {"cpu-freq", 0, kRequired, "SLURM_CPU_FREQ_REQ", [](auto* o, auto& t) { o->binding.cpu_frequency = SpellFrequency(t); }, kNotOffered, nullptr},
    // What would change the step.
    {"bb", 0, kRequired, nullptr, nullptr, nullptr, kNoStaging},
    {"bbf", 0, kRequired, nullptr, nullptr, nullptr, kNoStaging},
    {"clusters", 0, kRequired, nullptr, nullptr, nullptr, kOneCluster},
    {"cluster", 'M', kRequired, nullptr, nullptr, nullptr, kOneCluster},
    {"container", 0, kRequired, nullptr, nullptr, nullptr, "the job runs in its own image"},
    {"debugger-test", 0, kNone, nullptr, nullptr, nullptr, "there is nothing to attach to"},
    {"gid", 0, kRequired, nullptr, nullptr, nullptr, kOneUser},
    {"uid", 0, kRequired, nullptr, nullptr, nullptr, kOneUser},
    {"interactive", 0, kNone, nullptr, nullptr, nullptr, kLater},
    {"no-allocate", 'Z', kNone, nullptr, nullptr, nullptr, "a step runs in a job"},
    {"x11", 0, kOptional, nullptr, nullptr, nullptr, "there is no X11 forwarding here"},
    {"test-only", 0, kNone, nullptr, [](auto* o, auto&) { o->is_test_only = true; }, nullptr, nullptr},
    {"ntasks-per-socket", 0, kRequired, nullptr,
     [](auto* o, auto& t) { o->binding.tasks_per_socket = Count("--ntasks-per-socket", t, 1); }, nullptr, nullptr},
    {"pty", 0, kNone, nullptr, [](auto* o, auto&) { o->streams.terminal = o->unbuffered = true; }, nullptr, nullptr},
    {"het-group", 0, kRequired, nullptr, [](auto* o, auto& t) { o->het_group = t; }, nullptr, nullptr},
    {"pack-group", 0, kRequired, nullptr, [](auto* o, auto& t) { o->het_group = t; }, nullptr, nullptr},
};

/// Ours, and those of later versions and of plugins.
constexpr SrunRow kOwnRows[] = {
    {"mlspace-job-dir", 0, kRequired, nullptr, [](auto* o, auto& t) { o->job_dir = t; }, nullptr, nullptr},
    {"mlspace-owner", 0, kNone, nullptr, [](auto* o, auto&) { o->is_owner = true; }, nullptr, nullptr},
    {"hpcx", 0, kRequired, "MLSPACE_HPCX", SetHpcx, nullptr, nullptr},
    {"endpoint", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"image", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"instance-type", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"region", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"container-image", 0, kRequired, nullptr, nullptr, kOneImage, nullptr},
    {"container-mounts", 0, kRequired, nullptr, nullptr, kMounts, nullptr},
    {"container-workdir", 0, kRequired, nullptr, nullptr, "the step starts in the directory of --chdir", nullptr},
    {"container-name", 0, kRequired, nullptr, nullptr, kOneImage, nullptr},
    {"container-env", 0, kRequired, nullptr, nullptr, "--export says what wins over the image's variables", nullptr},
    {"container-writable", 0, kNone, nullptr, nullptr, kWritable, nullptr},
    {"container-readonly", 0, kNone, nullptr, nullptr, kWritable, nullptr},
    {"container-mount-home", 0, kNone, nullptr, nullptr, kMounts, nullptr},
    {"no-container-mount-home", 0, kNone, nullptr, nullptr, kMounts, nullptr},
    {"container-entrypoint", 0, kNone, nullptr, nullptr, kOneImage, nullptr},
    {"no-container-entrypoint", 0, kNone, nullptr, nullptr, kOneImage, nullptr},
    {"container-remap-root", 0, kNone, nullptr, nullptr, kImageUser, nullptr},
    {"no-container-remap-root", 0, kNone, nullptr, nullptr, kImageUser, nullptr},
    {"volume", 0, kRequired, nullptr, nullptr, kMounts, nullptr},
    {"module", 0, kRequired, nullptr, nullptr, kOneImage, nullptr},
    {"extra", 0, kRequired, nullptr, nullptr, "nothing is chosen by it", nullptr},
    {"treewidth", 0, kRequired, nullptr, nullptr, "every node is connected to the first one", nullptr},
    {"tres-bind", 0, kRequired, nullptr, nullptr, kGpuBindOnly, nullptr},
    {"oom-kill-step", 0, kOptional, nullptr, nullptr, "the operating system decides which process ends", nullptr},
    {"segment", 0, kRequired, nullptr, nullptr, kHasNodes, nullptr},
    {"consolidate-segments", 0, kNone, nullptr, nullptr, kHasNodes, nullptr},
    {"spread-segments", 0, kNone, nullptr, nullptr, kHasNodes, nullptr},
    {"tres-per-task", 0, kRequired, nullptr, nullptr, nullptr, "ask with --cpus-per-task"},
    {"container-id", 0, kRequired, nullptr, nullptr, nullptr, "the job runs in its own image"},
    {"container-save", 0, kRequired, nullptr, nullptr, nullptr, "a job's container is not kept"},
    {"external", 0, kNone, nullptr, nullptr, nullptr, "the platform starts all processes itself"},
};

}  // namespace

std::vector<SrunRow> SrunRows() {
  std::vector<SrunRow> rows(std::begin(kRows), std::end(kRows));
  rows.insert(rows.end(), std::begin(kOwnRows), std::end(kOwnRows));
  return rows;
}

size_t OwnSrunRows() { return std::size(kOwnRows); }

}  // namespace launcher
