#include "node/slurm_env.h"

#include <algorithm>
#include <cstdlib>
#include <cstdio>

#include "text/hostlist.h"
#include "text/word_list.h"

namespace launcher {
namespace {

// Variables that make the runtimes of the different makers see only these GPUs, as Slurm sets them.
constexpr const char* kGpuMasks[] = {"CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL",
                                     "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"};

/// What only the job's own processes are told. Source: salloc 22.05.
constexpr const char* kOfProcesses[] = {"SLURM_JOB_USER", "SLURM_JOB_UID", "SLURM_JOB_GID", "SLURM_PRIO_PROCESS"};

/// Reads `0,2,3`; empty for anything else (`all`, UUIDs).
std::vector<int> ReadIndices(const std::string& text) {
  std::vector<int> indices;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const std::string digits = text.substr(at, comma - at);
    if (digits.empty() || digits.size() > 4 ||
        digits.find_first_not_of("0123456789") != digits.npos) {
      return {};
    }
    indices.push_back(std::stoi(digits));
    at = comma + 1;
  }
  return indices;
}

void SetBoth(const char* name, const char* old_name, const std::string& value,
             Environment* environment) {
  environment->Set(name, value);
  environment->Set(old_name, value);
}

/// `seen` under the name for their list (SLURM_JOB_GPUS or SLURM_STEP_GPUS) and for every runtime, and how many there are on
/// the node. What somebody outside has said of GPUs does not count, even where there are none.
void SetGpus(const char* list_name, size_t count, const std::vector<int>& seen, Environment* environment) {
  for (const char* mask : kGpuMasks) environment->Unset(mask);
  environment->Unset("SLURM_STEP_GPUS");
  environment->Unset("SLURM_GPUS_ON_NODE");
  if (count > 0) environment->SetNumber("SLURM_GPUS_ON_NODE", static_cast<long long>(count));
  if (seen.empty()) return;
  const std::string list = JoinNumbers(seen);
  environment->Set(list_name, list);
  for (const char* mask : kGpuMasks) environment->Set(mask, list);
}

/// What tells a process its node.
void SetNode(const std::string& name, int index, int cpus, Environment* environment) {
  environment->Set("SLURMD_NODENAME", name);
  environment->Set("SLURM_TOPOLOGY_ADDR", name);
  environment->Set("SLURM_TOPOLOGY_ADDR_PATTERN", "node");
  environment->SetNumber("SLURM_NODEID", index);
  environment->SetNumber("SLURM_CPUS_ON_NODE", cpus);
}

void SetDefault(const char* name, const char* value, Environment* environment) {
  if (!environment->Has(name)) environment->Set(name, value);
}

std::string OctalMask(mode_t umask) {
  char text[8];
  std::snprintf(text, sizeof text, "0%03o", static_cast<unsigned>(umask) & 0777u);
  return text;
}

}  // namespace

std::vector<int> VisibleGpus(const Environment& own, int gpus) {
  const auto count = static_cast<size_t>(gpus);
  for (const char* name : {"CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"}) {
    std::vector<int> indices = ReadIndices(own.Get(name));
    if (indices.size() < count) continue;
    indices.resize(count);
    return indices;
  }
  std::vector<int> indices;
  for (int i = 0; i < gpus; ++i) indices.push_back(i);
  return indices;
}

Environment JobEnvironment(const LaunchSpec& spec, const Place& place) {
  const JobFacts& job = spec.job.value();
  Environment environment;
  for (const auto& [name, value] : job.env) environment.Set(name, value);
  SetBoth("SLURM_JOB_ID", "SLURM_JOBID", std::to_string(job.shown_id()), &environment);
  environment.Set("SLURM_JOB_NAME", job.name);
  environment.Set("SLURM_JOB_USER", job.user);
  environment.SetNumber("SLURM_JOB_UID", job.uid);
  environment.SetNumber("SLURM_JOB_GID", job.gid);
  environment.Set("SLURM_JOB_PARTITION", job.partition);
  environment.Set("SLURM_CLUSTER_NAME", job.cluster);
  environment.Set("SLURM_SUBMIT_DIR", job.submit_dir);
  environment.Set("SLURM_SUBMIT_HOST", job.submit_host);
  SetBoth("SLURM_JOB_NODELIST", "SLURM_NODELIST", FoldHosts(place.names), &environment);
  SetBoth("SLURM_JOB_NUM_NODES", "SLURM_NNODES", std::to_string(job.nodes), &environment);
  environment.Set("SLURM_JOB_CPUS_PER_NODE", FoldCounts(job.cpus_per_node));
  environment.Set("SLURM_TASKS_PER_NODE", FoldCounts(job.tasks_per_node));
  environment.Set("SLURM_PRIO_PROCESS", "0");
  if (job.restart > 0) environment.SetNumber("SLURM_RESTART_COUNT", job.restart);
  return environment;
}

FilenameFacts FactsOf(const Environment& own, int64_t job_id, const std::string& node_name) {
  FilenameFacts facts;
  facts.job_id = job_id;
  facts.job_name = own.Get("SLURM_JOB_NAME");
  facts.user = own.Get("SLURM_JOB_USER", own.Get("USER"));
  facts.node_name = node_name;
  const std::string array_job = own.Get("SLURM_ARRAY_JOB_ID");
  if (array_job.empty()) return facts;
  facts.array_job_id = std::atoll(array_job.c_str());
  facts.array_task_id = std::atoll(own.Get("SLURM_ARRAY_TASK_ID", "0").c_str());
  return facts;
}

Environment AllocationEnvironment(Environment job) {
  for (const char* name : kOfProcesses) job.Unset(name);
  job.Set("SLURM_NODE_ALIASES", "(null)");
  return job;
}

Environment BatchEnvironment(const Environment& base, const LaunchSpec& spec, const Place& place,
                             const Environment& own) {
  const JobFacts& job = spec.job.value();
  Environment environment = base;
  environment.Merge(JobEnvironment(spec, place));
  SetNode(place.name(), place.node, job.cpus_per_node[static_cast<size_t>(place.node)],
          &environment);
  const std::vector<int> gpus = VisibleGpus(own, job.gpus_per_node);
  SetGpus("SLURM_JOB_GPUS", gpus.size(), gpus, &environment);
  environment.Set("ENVIRONMENT", "BATCH");
  environment.Set("HOSTNAME", place.name());
  environment.Set("SLURM_NODE_ALIASES", "(null)");
  environment.Set("SLURM_PROCID", "0");
  environment.Set("SLURM_LOCALID", "0");
  environment.Set("SLURM_GTIDS", "0");
  SetDefault("TMPDIR", "/tmp", &environment);
  return environment;
}

Environment StepEnvironment(const Environment& base, const Environment& job,
                            const StepFacts& step) {
  Environment environment = job;
  environment.Merge(base);
  const std::vector<int> counts = CountTasks(step.tasks);
  int tasks = 0;
  for (const int count : counts) tasks += count;
  const std::string tasks_per_node = FoldCounts(counts);

  if (step.inside_job || step.distribution_given) {
    environment.Set("SLURM_DISTRIBUTION", DistributionName(step.distribution));
  }
  if (step.distribution.kind == Distribution::Kind::kPlane) {
    environment.SetNumber("SLURM_DIST_PLANESIZE", step.distribution.plane_size);
  }
  if (step.inside_job && environment.Has("SLURM_JOB_CPUS_PER_NODE") && !environment.Has("SLURM_HET_SIZE")) {
    environment.Set("SLURM_JOB_CPUS_PER_NODE_PACK_GROUP_0",
                    environment.Get("SLURM_JOB_CPUS_PER_NODE"));
  }
  if (step.label) environment.Set("SLURM_LABELIO", "1");
  if (!step.launcher_address.empty()) {
    SetBoth("SLURM_LAUNCH_NODE_IPADDR", "SLURM_SRUN_COMM_HOST", step.launcher_address,
            &environment);
  }
  if (step.launcher_port > 0) {
    SetBoth("SLURM_SRUN_COMM_PORT", "SLURM_STEP_LAUNCHER_PORT", std::to_string(step.launcher_port),
            &environment);
  }
  SetBoth("SLURM_STEP_ID", "SLURM_STEPID", std::to_string(step.id), &environment);
  environment.Set("SLURM_STEP_NODELIST", FoldHosts(step.nodes));
  SetBoth("SLURM_STEP_NUM_NODES", "SLURM_NNODES", std::to_string(step.nodes.size()), &environment);
  SetBoth("SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE", tasks_per_node, &environment);
  SetBoth("SLURM_NTASKS", "SLURM_NPROCS", std::to_string(tasks), &environment);
  environment.SetNumber("SLURM_STEP_NUM_TASKS", tasks);
  SetDefault("SLURM_UMASK", OctalMask(step.umask).c_str(), &environment);
  return environment;
}

Environment TaskEnvironment(const Environment& step_base, const StepFacts& step,
                            const StepNode& node, int local) {
  const auto index = static_cast<size_t>(node.index);
  const std::vector<int>& ids = step.tasks.at(index);
  Environment environment = step_base;
  SetNode(step.nodes.at(index), node.index, node.cpus, &environment);
  SetGpus("SLURM_STEP_GPUS", node.gpus.size(), node.seen, &environment);
  environment.SetNumber("SLURM_PROCID", ids.at(static_cast<size_t>(local)));
  environment.SetNumber("SLURM_LOCALID", local);
  environment.Set("SLURM_GTIDS", JoinNumbers(ids));
  // Slurm looks after TMPDIR with the first task of a node only.
  if (local == 0) SetDefault("TMPDIR", "/tmp", &environment);
  return environment;
}

}  // namespace launcher
