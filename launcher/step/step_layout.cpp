#include "step/step_layout.h"

#include <algorithm>
#include <climits>
#include <numeric>
#include <set>

namespace launcher {
namespace {

constexpr const char* kNoSuchNodes = "Requested node configuration is not available";
constexpr const char* kTooManyCpus = "More processors requested than permitted";
constexpr const char* kNoMemory = "Memory required by task is not available";
constexpr const char* kNoGres = "Invalid generic resource (gres) specification";

int Size(const std::vector<int>& numbers) { return static_cast<int>(numbers.size()); }

std::vector<int> FirstOf(const std::vector<int>& numbers, int count) {
  return {numbers.begin(), numbers.begin() + std::min(count, Size(numbers))};
}

/// Whether the step holds nothing: it shares all with other steps, or is a part of one.
bool SharesAll(const StepRequest& request) { return request.resources.overlap || request.is_daemons; }

/// One attempt to lay a step out, on what of each node is `available` to it.
class Attempt {
 public:
  Attempt(const StepRequest& request, const StepGround& ground, const StepLedger& ledger,
          const std::vector<NodeHolding>& available)
      : placement_(request.placement),
        resources_(request.resources),
        programs_(request.world.programs.size()),
        shares_(SharesAll(request)),
        place_(*ground.place),
        job_environment_(ground.job_environment),
        own_gpus_(ground.spec->job->step_gpus),
        everything_(ledger.everything()),
        available_(available) {}

  StepLayout LayOut() {
    CheckGpus();
    ReadDistribution();
    layout_.nodes = ChooseNodes();
    tasks_ = placement_.tasks > 0 ? placement_.tasks : Times(Size(layout_.nodes), std::max(1, placement_.tasks_per_node));
    if (programs_ != 0 && programs_ != static_cast<size_t>(tasks_)) throw StepRefusal("the step has programs for other tasks");
    if (tasks_ < Size(layout_.nodes)) layout_.nodes.resize(static_cast<size_t>(tasks_));
    if (!placement_.distribution.empty()) {
      layout_.distribution = given_;
    } else {
      layout_.distribution = DefaultDistribution(tasks_, Size(layout_.nodes));
    }
    layout_.tasks = is_arbitrary() ? PlaceByHost() : PlaceByRoom();
    HoldNodes();
    layout_.shares = shares_;
    return std::move(layout_);
  }

 private:
  bool is_arbitrary() const { return given_.kind == Distribution::Kind::kArbitrary && !placement_.with.empty(); }
  int cpus_per_task() const { return std::max(1, resources_.cpus_per_task); }
  /// Of so many tasks; of more than anybody has, the most that is a number.
  int CpusOf(int tasks) const { return Times(tasks, cpus_per_task()); }
  int GpusOf(int tasks) const { return Times(tasks, resources_.gpus_per_task); }
  static int Times(int one, int other) { return static_cast<int>(std::min<int64_t>(int64_t{one} * other, INT_MAX)); }
  const NodeHolding& all(int node) const { return everything_[static_cast<size_t>(node)]; }
  const NodeHolding& available(int node) const { return available_[static_cast<size_t>(node)]; }
  bool is_idle(int node) const { return Size(available(node).cpus) == Size(all(node).cpus); }

  void ReadDistribution() {
    if (placement_.distribution.empty()) return;
    const std::optional<Distribution> read = ParseDistribution(placement_.distribution);
    if (!read) throw StepRefusal("Invalid -m/--distribution specification: " + placement_.distribution);
    given_ = *read;
  }

  // GPUs.

  void CheckGpus() const {
    int total = 0;
    for (const NodeHolding& node : everything_) total += Size(node.gpus);
    const int per_node = everything_.empty() ? 0 : Size(everything_[0].gpus);
    if (total == 0 && resources_.gpus + resources_.gpus_per_node + resources_.gpus_per_task > 0) {
      throw StepRefusal(kNoGres, {"Step requested GRES but job doesn't have GRES"});
    }
    if (resources_.gpus > 0 && resources_.gpus < placement_.least_nodes) {
      throw StepRefusal(kNoGres, {"Step requested gres=gpu:" + std::to_string(resources_.gpus) +
                                  " is less than the requested min nodes=" + std::to_string(placement_.least_nodes)});
    }
    if (resources_.gpus > total) RefuseGpus("gres", resources_.gpus, total);
    if (resources_.gpus_per_node > per_node) RefuseGpus("gres_per_node", resources_.gpus_per_node, per_node);
    if (resources_.gpus_per_task > per_node) throw StepRefusal(kNoGres);
    if (resources_.gpus_per_task > 0 && int64_t{placement_.tasks} * resources_.gpus_per_task > total) throw StepRefusal(kTooManyCpus);
  }

  /// Slurm compares where the job has asked for GPUs in the same way.
  [[noreturn]] void RefuseGpus(const std::string& how, int asked, int there) const {
    const bool is_per_node = !job_environment_.Has("SLURM_GPUS") || job_environment_.Has("SLURM_GPUS_PER_NODE");
    std::vector<std::string> before;
    if ((how == "gres_per_node") == is_per_node) {
      before.push_back("Step requested " + how + "=gpu:" + std::to_string(asked) + " is more than the job's " + how + "=gpu:" +
                       std::to_string(there));
    }
    throw StepRefusal(kNoGres, before);
  }

  /// How many GPUs a node has to have for this step at least.
  int LeastGpus() const { return std::max(resources_.gpus_per_node, resources_.gpus_per_task); }

  /// Whether the step says what GPUs it wants: else it gets those that the job has asked for.
  bool asks_for_gpus() const {
    return resources_.no_gpus || resources_.gpus + resources_.gpus_per_node + resources_.gpus_per_task > 0;
  }
  int AskedGpus(int node) const { return std::min(own_gpus_.value_or(INT_MAX), Size(all(node).gpus)); }

  // Nodes.

  /// CPUs of a node that the step may use: of one that it wants whole, all or none.
  int UsableCpus(int node) const {
    if (!resources_.exact && !is_idle(node)) return 0;
    const NodeHolding& there = available(node);
    if (Size(there.gpus) < LeastGpus() || (!asks_for_gpus() && Size(there.gpus) < AskedGpus(node))) return 0;
    if (there.memory_mib < LeastMemory()) return 0;
    return std::min(Size(there.cpus), CpusWithMemory(there));
  }

  /// MiB of a node that the step needs at least.
  int64_t LeastMemory() const {
    if (resources_.memory_per_node_mib > 0) return resources_.memory_per_node_mib;
    if (resources_.memory_per_cpu_mib > 0) return resources_.memory_per_cpu_mib;
    return resources_.memory_per_gpu_mib * LeastGpus();
  }

  /// How many CPUs of a node there is memory for.
  int CpusWithMemory(const NodeHolding& node) const {
    if (resources_.memory_per_cpu_mib == 0) return INT_MAX;
    return static_cast<int>(std::min<int64_t>(node.memory_mib / resources_.memory_per_cpu_mib, INT_MAX));
  }

  int NumberOf(const std::string& name) const {
    const auto found = std::find(place_.names.begin(), place_.names.end(), name);
    if (found == place_.names.end()) throw StepRefusal(kNoSuchNodes);
    return static_cast<int>(found - place_.names.begin());
  }

  /// Nodes that were named first; then those that no step uses, and, where these are too few or too small, others.
  std::vector<int> ChooseNodes() const {
    std::vector<int> chosen;
    int cpus = 0;
    const auto take = [&](int node) {
      if (std::find(chosen.begin(), chosen.end(), node) != chosen.end()) return;
      chosen.push_back(node);
      cpus += UsableCpus(node);
    };
    for (const std::string& name : placement_.with) take(NumberOf(name));
    const bool only_named = placement_.nodes == 0 && !chosen.empty();
    const int there = CountThere();
    const int wanted = placement_.nodes > 0 ? placement_.nodes : Size(AllNodes());
    const int most = only_named ? Size(chosen) : placement_.nodes_are_the_jobs ? std::min(wanted, there) : wanted;
    const int least = only_named ? Size(chosen) : std::min(std::max(1, placement_.least_nodes), most);
    if (Size(chosen) > most) chosen.resize(static_cast<size_t>(most));
    const std::vector<int> others = OtherNodes();
    // Tasks that share CPUs share all of their nodes': --exact gives each its own.
    const int64_t wanted_cpus = resources_.overcommit && !resources_.exact ? 1 : int64_t{placement_.tasks} * cpus_per_task();
    for (const bool idle : {true, false}) {
      for (const int node : others) {
        const bool is_enough = Size(chosen) >= most || (!idle && Size(chosen) >= least && cpus >= wanted_cpus);
        if (!is_enough && is_idle(node) == idle && UsableCpus(node) > 0) take(node);
      }
    }
    CheckNodes(chosen, least, cpus, wanted_cpus);
    std::sort(chosen.begin(), chosen.end());
    return chosen;
  }

  std::vector<int> AllNodes() const {
    std::vector<int> nodes(place_.names.size());
    std::iota(nodes.begin(), nodes.end(), 0);
    return nodes;
  }

  /// Those that have not failed.
  int CountThere() const {
    return static_cast<int>(std::count_if(everything_.begin(), everything_.end(), [](const NodeHolding& node) { return !node.cpus.empty(); }));
  }

  std::vector<int> OtherNodes() const {
    const std::set<std::string> without(placement_.without.begin(), placement_.without.end());
    std::vector<int> nodes;
    for (const int node : AllNodes()) {
      if (node >= placement_.relative && without.count(place_.names[static_cast<size_t>(node)]) == 0) nodes.push_back(node);
    }
    return nodes;
  }

  void CheckNodes(const std::vector<int>& chosen, int least, int cpus, int64_t wanted_cpus) const {
    const bool is_whole = std::all_of(chosen.begin(), chosen.end(), [this](int node) { return UsableCpus(node) > 0; });
    if (Size(chosen) < least || !is_whole) {
      const auto lacks_memory = [this](int node) { return available(node).memory_mib < LeastMemory(); };
      const std::vector<int> nodes = AllNodes();
      throw StepRefusal(std::any_of(nodes.begin(), nodes.end(), lacks_memory) ? kNoMemory : kNoSuchNodes);
    }
    if (cpus >= wanted_cpus) return;
    int total = 0;
    for (const NodeHolding& node : everything_) total += Size(node.cpus);
    const bool names_nodes = !placement_.with.empty() || !placement_.without.empty();
    const bool are_these_all = names_nodes && placement_.least_nodes == placement_.nodes;
    throw StepRefusal(are_these_all && wanted_cpus < total ? kNoSuchNodes : kTooManyCpus);
  }

  // Tasks.

  TaskIds PlaceByHost() const {
    std::vector<int> node_of_task;
    for (const std::string& name : placement_.with) {
      const auto found = std::find(layout_.nodes.begin(), layout_.nodes.end(), NumberOf(name));
      if (found == layout_.nodes.end() || Size(node_of_task) == tasks_) break;
      node_of_task.push_back(static_cast<int>(found - layout_.nodes.begin()));
    }
    if (Size(node_of_task) < tasks_) throw StepRefusal(kNoSuchNodes);
    return NumberByHost(node_of_task, Size(layout_.nodes));
  }

  /// Every node gets a task, even if its CPUs are fewer than one task's; the rest as CPUs and GPUs are there for them.
  TaskIds PlaceByRoom() const {
    LayoutRequest wanted;
    wanted.tasks = tasks_;
    wanted.cpus_per_task = cpus_per_task();
    wanted.distribution = layout_.distribution;
    wanted.overcommit = resources_.overcommit;
    int slack = 0;  // CPUs of a node that are too few for a task: Slurm counts the CPUs of all nodes together
    for (const int node : layout_.nodes) {
      int cpus = std::max(UsableCpus(node), wanted.cpus_per_task);
      slack += cpus % wanted.cpus_per_task;
      const auto limit = [&](int tasks) { cpus = std::min(cpus, CpusOf(tasks)); };
      if (placement_.tasks_per_node > 0) limit(placement_.tasks_per_node);
      if (resources_.gpus_per_task > 0) limit(Size(available(node).gpus) / resources_.gpus_per_task);
      wanted.cpus_per_node.push_back(cpus);
    }
    if (slack >= wanted.cpus_per_task && placement_.tasks_per_node == 0) wanted.overcommit = true;
    try {
      return launcher::LayOut(wanted);
    } catch (const LaunchError& error) {
      throw StepRefusal(error.what());
    }
  }

  // What it holds.

  void HoldNodes() {
    int gpus_left = resources_.gpus;
    for (size_t i = 0; i < layout_.nodes.size(); ++i) {
      const int node = layout_.nodes[i];
      const int tasks = Size(layout_.tasks[i]);
      NodeHolding held;
      held.cpus = resources_.exact ? FirstOf(available(node).cpus, CpusOf(tasks)) : available(node).cpus;
      if (!asks_for_gpus()) {
        held.gpus = FirstOf(available(node).gpus, AskedGpus(node));
      } else {
        const int nodes_left = Size(layout_.nodes) - static_cast<int>(i);
        const int dealt = std::min((gpus_left + nodes_left - 1) / nodes_left, Size(available(node).gpus));
        gpus_left -= dealt;
        const int wanted = std::max({resources_.gpus_per_node, GpusOf(tasks), dealt});
        held.gpus = FirstOf(available(node).gpus, wanted);
        if (Size(held.gpus) < wanted) throw StepRefusal(kNoGres);
      }
      held.memory_mib = std::max({resources_.memory_per_node_mib,
                                  resources_.memory_per_cpu_mib * std::min(Size(held.cpus), CpusWithMemory(available(node))),
                                  resources_.memory_per_gpu_mib * Size(held.gpus)});
      if (held.memory_mib > available(node).memory_mib) throw StepRefusal(kNoMemory);
      layout_.holdings.push_back(std::move(held));
    }
    if (gpus_left > 0) throw StepRefusal(kNoGres);
  }

  const PlacementRequest& placement_;
  const ResourceRequest& resources_;
  size_t programs_;  ///< of --multi-prog, one for each task
  bool shares_;
  const Place& place_;
  const Environment& job_environment_;
  std::optional<int> own_gpus_;  ///< of a node, that the job has asked for; not said: all that it has
  const std::vector<NodeHolding>& everything_;
  const std::vector<NodeHolding>& available_;
  Distribution given_;
  int tasks_ = 0;
  StepLayout layout_;
};

}  // namespace

void Take(const StepLayout& layout, StepLedger* ledger) {
  for (size_t i = 0; i < layout.nodes.size() && !layout.shares; ++i) ledger->Take(layout.nodes[i], layout.holdings[i]);
}

void GiveBack(const StepLayout& layout, StepLedger* ledger) {
  for (size_t i = 0; i < layout.nodes.size() && !layout.shares; ++i) ledger->GiveBack(layout.nodes[i], layout.holdings[i]);
}

std::optional<StepLayout> LayOutStep(const StepRequest& request, const StepGround& ground, const StepLedger& ledger) {
  if (request.world.command.empty()) throw StepRefusal("the step has no command");
  const auto alone = [&] { return Attempt(request, ground, ledger, ledger.everything()).LayOut(); };
  if (SharesAll(request)) return alone();
  try {
    return Attempt(request, ground, ledger, ledger.free()).LayOut();
  } catch (const StepRefusal&) {
    alone();  // throws what can never be
    return std::nullopt;
  }
}

}  // namespace launcher
