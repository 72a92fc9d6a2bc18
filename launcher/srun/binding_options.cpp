#include "srun/binding_options.h"

#include <algorithm>

#include "text/error.h"
#include "text/word_list.h"

namespace launcher {
namespace {

constexpr const char* kHints[] = {"compute_bound", "memory_bound", "multithread", "nomultithread"};
constexpr const char* kFrequencies[] = {"Low", "High", "Highm1", "Medium", "OnDemand", "Performance", "UserSpace"};
constexpr int kAnyNumberOfTasks = 65535;  ///< what Slurm calls it

bool Has(const std::string& hints, const char* hint) {
  const std::vector<std::string> words = SplitWords(hints);
  return std::find(words.begin(), words.end(), hint) != words.end();
}

/// The binding that other options stand for.
CpuBind::Kind Implied(const BindingOptions& options) {
  using Kind = CpuBind::Kind;
  if (options.threads_per_core > 0) return Kind::kThreads;
  if (Has(options.hint, "compute_bound") || Has(options.hint, "memory_bound")) return Kind::kCores;
  if (!options.hint.empty()) return Kind::kThreads;
  if (options.tasks_per_core > 0) return Kind::kCores;
  return options.tasks_per_socket > 0 ? Kind::kSockets : Kind::kUnsaid;
}

/// 0: nothing is said of it.
int ThreadsPerCore(const BindingOptions& options) {
  if (options.threads_per_core > 0) return options.threads_per_core;
  return !options.hint.empty() && !Has(options.hint, "multithread") ? 1 : 0;
}

/// The second level of --distribution.
SocketOrder SocketsOf(const std::string& distribution) {
  const size_t colon = distribution.find(':');
  if (colon == distribution.npos) return SocketOrder::kCyclic;
  const std::string rest = LowerCase(distribution.substr(colon + 1));
  const std::string level = rest.substr(0, rest.find_first_of(":,"));
  return level == "block" ? SocketOrder::kBlock : level == "fcyclic" ? SocketOrder::kFullCyclic : SocketOrder::kCyclic;
}

CpuBind WithImplied(const BindingOptions& options) {
  CpuBind bind = options.cpu;
  if (bind.kind == CpuBind::Kind::kUnsaid) bind.kind = Implied(options);
  return bind;
}

}  // namespace

std::string ParseHint(const std::string& text) {
  const std::string hint = LowerCase(text);
  for (const std::string& word : SplitWords(hint)) {
    if (std::find(std::begin(kHints), std::end(kHints), word) == std::end(kHints)) {
      throw LaunchError("unrecognized --hint argument \"" + word + "\", see --hint=help", 1);
    }
  }
  return hint;
}

std::string SpellFrequency(const std::string& text) {
  std::string spelled;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of("-:", at), text.size());
    std::string word = text.substr(at, end - at);
    for (const char* known : kFrequencies) {
      if (LowerCase(word) == LowerCase(known)) word = known;
    }
    spelled += word;
    if (end < text.size()) spelled += text[end];
    at = end + 1;
  }
  return spelled;
}

BindingRequest RequestBinding(const BindingOptions& options, int cpus_per_task, const std::string& distribution) {
  BindingRequest request;
  request.cpu = CpuBindText(WithImplied(options));
  request.cpu_is_implied = options.cpu.kind == CpuBind::Kind::kUnsaid;
  request.cpus_per_task = cpus_per_task;
  request.sockets = SocketsOf(distribution);
  request.threads_per_core = ThreadsPerCore(options);
  if (!options.gpu.empty()) {
    request.gpu = options.gpu;
  } else if (options.gpus_per_task > 0) {
    request.gpu = "per_task:" + std::to_string(options.gpus_per_task);
  } else if (options.tasks_per_gpu > 0) {
    request.gpu = "single:" + std::to_string(options.tasks_per_gpu);
  }
  return request;
}

void SetBindingVariables(const BindingOptions& options, Environment* environment) {
  SetCpuBind(WithImplied(options), environment);
  SetMemBind(options.mem, environment);
  const int threads = ThreadsPerCore(options);
  const int tasks = options.tasks_per_core > 0 ? options.tasks_per_core : Has(options.hint, "multithread") ? kAnyNumberOfTasks : 0;
  if (threads > 0) environment->SetNumber("SLURM_THREADS_PER_CORE", threads);
  if (tasks > 0) environment->SetNumber("SLURM_NTASKS_PER_CORE", tasks);
  if (options.tasks_per_socket > 0) environment->SetNumber("SLURM_NTASKS_PER_SOCKET", options.tasks_per_socket);
  if (options.tasks_per_gpu > 0) environment->SetNumber("SLURM_NTASKS_PER_TRES", options.tasks_per_gpu);
  if (!options.cpu_frequency.empty()) environment->Set("SLURM_CPU_FREQ_REQ", options.cpu_frequency);
}

}  // namespace launcher
