#include "srun/srun_groups.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "node/slurm_env.h"
#include "spec/layout.h"
#include "srun/srun_getopt.h"
#include "text/error.h"
#include "text/hostlist.h"
#include "text/word_list.h"

namespace launcher {
namespace {

constexpr size_t kMostDigits = 4;

[[noreturn]] void Wrong(const std::string& message) { throw LaunchError(message, 1); }

int ReadNumber(const std::string& text) {
  const bool is_number = !text.empty() && text.size() <= kMostDigits && text.find_first_not_of("0123456789") == text.npos;
  return is_number ? std::stoi(text) : -1;
}

std::string OfGroup(const char* name, int group) { return name + std::string(kHetGroup) + std::to_string(group); }

/// srun's environment where a component's own variables stand for the leader's. Source: srun 22.05 in a heterogeneous job.
Environment EnvironmentOf(const Environment& own, int group) {
  const std::string suffix = kHetGroup + std::to_string(group);
  Environment environment = own;
  for (const auto& [name, value] : own.variables()) {
    const size_t at = name.find(kHetGroup);
    const std::string plain = name.substr(0, at);
    if (at == name.npos || plain == "SLURM_JOB_ID") continue;
    if (!own.Has(plain + suffix)) {
      environment.Unset(plain);
    } else if (name.substr(at) == suffix) {
      environment.Set(plain, value);
    }
  }
  for (const auto& [name, old] : {std::pair("SLURM_JOB_NODELIST", "SLURM_NODELIST"), std::pair("SLURM_JOB_NUM_NODES", "SLURM_NNODES"),
                                  std::pair("SLURM_NTASKS", "SLURM_NPROCS")}) {
    if (environment.Has(name)) environment.Set(old, environment.Get(name));
  }
  return environment;
}

/// The counts of `2,1(x2)`.
std::vector<int> ReadCounts(const std::string& text) {
  std::vector<int> counts;
  for (const std::string& word : SplitWords(text)) {
    const size_t times = word.find("(x");
    const int count = ReadNumber(word.substr(0, times));
    const int often = times == word.npos ? 1 : ReadNumber(word.substr(times + 2, word.size() - times - 3));
    counts.insert(counts.end(), static_cast<size_t>(std::max(often, 0)), count);
  }
  return counts;
}

/// What the tasks of a step in these components are told of the allocation: that it has the nodes of all of them.
void SetAllocation(const std::set<int>& groups, const Environment& own, Environment* told) {
  std::vector<std::string> nodes;
  std::vector<int> cpus;
  for (const int group : groups) {
    const std::string* list = own.Find(OfGroup("SLURM_JOB_NODELIST", group));
    const std::string* counts = own.Find(OfGroup("SLURM_JOB_CPUS_PER_NODE", group));
    if (!list || !counts) return;  // somebody has cleaned the environment
    for (std::string& name : ExpandHosts(*list)) nodes.push_back(std::move(name));
    for (const int count : ReadCounts(*counts)) cpus.push_back(count);
  }
  for (const char* name : {"SLURM_JOB_NODELIST", "SLURM_NODELIST"}) told->Set(name, FoldHosts(nodes));
  for (const char* name : {"SLURM_JOB_NUM_NODES", "SLURM_NNODES"}) told->SetNumber(name, static_cast<int64_t>(nodes.size()));
  told->Set("SLURM_JOB_CPUS_PER_NODE", FoldCounts(cpus));
}

/// What several components cannot have of their own here, and what goes in one only.
void CheckTogether(const std::vector<GroupRun>& runs) {
  if (runs.size() < 2) return;
  for (const GroupRun& run : runs) {
    const SrunOptions& options = run.options;
    if (options.world.by_mpirun) {
      Wrong("--mpi=pmix over several components of a heterogeneous job is not supported: an MPI program runs in one");
    }
    if (options.bcast) Wrong("--bcast over several components of a heterogeneous job is not supported: use sbcast in each");
  }
}

/// Streams and what ends the step are those of the whole: the first that says something of them says it for all.
void ShareStreams(std::vector<GroupRun>* runs) {
  SrunOptions& first = runs->front().options;
  for (GroupRun& run : *runs) {
    SrunOptions& options = run.options;
    for (std::string SrunOptions::*stream : {&SrunOptions::output, &SrunOptions::error, &SrunOptions::input}) {
      if (!(options.*stream).empty() && options.*stream != first.*stream) {
        Wrong("--output, --error and --input of a step's second component are not supported: all components have those of the first");
      }
    }
    first.streams.label = first.streams.label || options.streams.label;
    first.kills_on_bad_exit = first.kills_on_bad_exit || options.kills_on_bad_exit;
    first.wait_seconds = std::max(first.wait_seconds, options.wait_seconds);
  }
  for (GroupRun& run : *runs) run.options.streams.label = first.streams.label;
}

}  // namespace

std::vector<std::vector<std::string>> SplitComponents(const std::vector<std::string>& args) {
  std::vector<std::vector<std::string>> components(1);
  for (const std::string& word : args) {
    if (word == ":") {
      components.emplace_back();
    } else {
      components.back().push_back(word);
    }
  }
  return components;
}

std::vector<int> ReadGroups(const std::string& text) {
  std::set<int> groups;
  for (const std::string& word : SplitWords(text)) {
    const size_t dash = word.find('-');
    const int first = ReadNumber(word.substr(0, dash));
    const int last = dash == word.npos ? first : ReadNumber(word.substr(dash + 1));
    if (first < 0 || last < first) {
      Wrong("_parse_single_range: Invalid range: `" + word + "'\nsrun: error: Invalid --het-group value: " + text);
    }
    for (int group = first; group <= last; ++group) groups.insert(group);
  }
  return {groups.begin(), groups.end()};
}

std::vector<GroupRun> ReadGroupRuns(const std::vector<std::string>& args, const Environment& own, const std::vector<int>& ids) {
  const auto components = SplitComponents(args);
  const int highest = static_cast<int>(ids.size()) - 1;
  std::map<int, const std::vector<std::string>*> words_of;
  for (size_t at = 0; at < components.size(); ++at) {
    const std::optional<std::string> text = ReadSrunOptions(components[at], own).het_group;
    const std::vector<int> groups = text ? ReadGroups(*text) : std::vector<int>{static_cast<int>(at)};
    for (const int group : groups) {
      if (group > highest && (groups.size() > 1 || components.size() > 1)) {
        Wrong("Attempt to run a job step with het group value of " + std::to_string(group) +
              ", but the job allocation has maximum value of " + std::to_string(highest));
      }
      if (group > highest) {
        Wrong("Requested het-group offset exceeds highest hetjob index (" + std::to_string(group) + " > " + std::to_string(highest) + ")");
      }
      if (!words_of.emplace(group, &components[at]).second) throw UsageError("fatal: Duplicate het groups in single srun not supported", 1);
    }
  }
  std::set<int> groups;
  for (const auto& [group, words] : words_of) groups.insert(group);
  std::vector<GroupRun> runs;
  for (const auto& [group, words] : words_of) {
    GroupRun run;
    run.job_id = ids[static_cast<size_t>(group)];
    run.peer = group + 1;
    run.own = EnvironmentOf(own, group);
    run.told = own;
    SetAllocation(groups, own, &run.told);
    run.options = ReadSrunOptions(*words, run.own);
    runs.push_back(std::move(run));
  }
  for (size_t at = runs.size() - 1; at > 0; --at) {  // one that names no command runs the next one's
    std::vector<std::string>& command = runs[at - 1].options.world.command;
    if (command.empty()) command = runs[at].options.world.command;
  }
  CheckTogether(runs);
  ShareStreams(&runs);
  return runs;
}

}  // namespace launcher
