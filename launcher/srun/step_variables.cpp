#include "srun/step_variables.h"

#include <algorithm>

#include "node/runtime_dir.h"

namespace launcher {
namespace {

constexpr int kDefaultVerbosity = 3;  ///< "info", as Slurm counts

/// The words of --export, at commas outside of quotes; the quotes stay.
std::vector<std::string> ExportWords(const std::string& list) {
  std::vector<std::string> words(1);
  char quote = 0;
  for (const char c : list) {
    if (c == ',' && quote == 0) {
      words.emplace_back();
      continue;
    }
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    }
    words.back() += c;
  }
  return words;
}

/// What --export lets through of our environment; nothing where its first word is NONE. With ALL among its words a variable that is there keeps its value, whatever
/// another word gives it. Source: compat/captures/*/tasks/export_*.
Environment Exported(const std::string& list, const Environment& own) {
  if (list.empty() || list == "ALL" || list == "all") return own;
  const std::vector<std::string> words = ExportWords(list);
  const bool is_all = std::find(words.begin(), words.end(), "ALL") != words.end();
  Environment exported;
  for (const auto& [name, value] : own.variables()) {
    if (is_all || name.compare(0, 5, "SLURM") == 0 || name == kJobDirName) exported.Set(name, value);
  }
  if (words[0] == "NONE" || words[0] == "none") return exported;
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (equals != word.npos && !name.empty() && !(is_all && own.Has(name))) {
      exported.Set(name, word.substr(equals + 1));
    } else if (const std::string* value = own.Find(word)) {
      exported.Set(word, *value);
    }
  }
  return exported;
}

}  // namespace

Environment StepVariables(const SrunOptions& options, const PlacementRequest& placement, const Environment& own) {
  Environment variables = own;
  variables.SetNumber("SRUN_DEBUG", kDefaultVerbosity + options.verbosity - (options.quiet ? 1 : 0));
  variables = Exported(options.export_list, variables);
  if (!options.job_name.empty()) variables.Set("SLURM_JOB_NAME", options.job_name);
  if (placement.tasks_per_node > 0) variables.SetNumber("SLURM_NTASKS_PER_NODE", placement.tasks_per_node);
  if (options.resources.cpus_per_task > 0) variables.SetNumber("SLURM_CPUS_PER_TASK", options.resources.cpus_per_task);
  if (options.resources.overcommit) variables.Set("SLURM_OVERCOMMIT", "1");
  if (options.streams.terminal) {
    variables.SetNumber("SLURM_PTY_WIN_COL", options.streams.window.columns);
    variables.SetNumber("SLURM_PTY_WIN_ROW", options.streams.window.rows);
  }
  SetBindingVariables(options.binding, &variables);
  return variables;
}

}  // namespace launcher
