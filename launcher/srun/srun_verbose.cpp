#include "srun/srun_verbose.h"

#include <algorithm>
#include <map>
#include <set>

#include "srun/srun_tasks.h"
#include "text/hostlist.h"

namespace launcher {
namespace {

constexpr const char* kRule = "-------------------- --------------------";

/// Options that srun takes over from its job, and the variables that say them.
constexpr std::pair<const char*, const char*> kOfJob[] = {
    {"jobid", "SLURM_JOB_ID"}, {"job-name", "SLURM_JOB_NAME"}, {"mem-per-cpu", "SLURM_MEM_PER_CPU"}};

/// Slurm lists options by names of its own, which are these without their dashes, but for one.
std::string SortedAs(const std::string& name) {
  std::string key = name == "threads" ? "maxthreads" : name;
  key.erase(std::remove(key.begin(), key.end(), '-'), key.end());
  return key;
}

std::string Listed(const std::string& name, const std::string& value) {
  return name + std::string(name.size() < 20 ? 20 - name.size() : 0, ' ') + ": " + value;
}

/// "3(x1),1(x1)" of "3,1": every count says how often.
std::string Counts(const std::string& counts) {
  std::string text;
  for (size_t at = 0; at < counts.size();) {
    const size_t comma = std::min(counts.find(',', at), counts.size());
    const std::string count = counts.substr(at, comma - at);
    text += (at > 0 ? "," : "") + count + (count.find('(') == count.npos ? "(x1)" : "");
    at = comma + 1;
  }
  return text;
}

}  // namespace

std::vector<std::string> DescribeRequest(const SrunOptions& options, const Environment& own) {
  std::map<std::string, std::string> given = options.given;
  for (const auto& [name, variable] : kOfJob) {
    if (own.Has(variable)) given.emplace(name, own.Get(variable));
  }
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : given) sorted[SortedAs(name)] = Listed(name, value);
  const std::string nodes = own.Get("SLURM_JOB_NODELIST");
  std::vector<std::string> lines = {"defined options", kRule};
  if (!nodes.empty()) lines.push_back(Listed("(null)", nodes));  // Slurm's own name for what has no option
  for (const auto& [key, line] : sorted) lines.push_back(line);
  lines.push_back(kRule);
  lines.push_back("end of defined options");
  lines.push_back("jobid " + own.Get("SLURM_JOB_ID") + ": nodes(" + own.Get("SLURM_JOB_NUM_NODES") + "):`" + nodes +
                  "', cpu counts: " + Counts(own.Get("SLURM_JOB_CPUS_PER_NODE")));
  return lines;
}

std::vector<std::string> DescribeStep(const std::vector<std::string>& step_ids, const std::vector<TaskPlace>& places) {
  std::map<int, std::set<int>> tasks;
  std::map<int, const TaskPlace*> of;
  for (size_t task = 0; task < places.size(); ++task) {
    tasks[places[task].node].insert(static_cast<int>(task) - places[task].first_task);
    of[places[task].node] = &places[task];
  }
  std::vector<std::string> lines(step_ids.size(), "launch/slurm: launch_p_step_launch: CpuBindType=(null type)");
  for (const auto& [node, of_node] : tasks) {
    const std::string folded = FoldTasks(of_node);
    lines.push_back("launching " + step_ids.at(static_cast<size_t>(of[node]->part)) + " on host " + of[node]->name + ", " + std::to_string(of_node.size()) + " tasks: " +
                    (of_node.size() > 1 ? "[" + folded + "]" : folded));
  }
  for (const auto& [node, of_node] : tasks) {
    lines.push_back("launch/slurm: _task_start: Node " + of[node]->name + ", " + std::to_string(of_node.size()) + " tasks started");
  }
  return lines;
}

}  // namespace launcher
