#include "srun/srun_placement.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "srun/srun_messages.h"
#include "step/step_values.h"
#include "text/hostlist.h"

namespace launcher {
namespace {

std::string Text(int number) { return std::to_string(number); }

/// A name with a slash is that of a file with names of nodes.
std::vector<std::string> ReadNodes(const std::string& text) {
  return text.find('/') == text.npos ? ExpandHosts(text) : ReadHostFile(text);
}

/// What is no list is like a name that no node has.
std::vector<std::string> ReadNodesOrName(const std::string& text) {
  try {
    return ReadNodes(text);
  } catch (const BadHostList&) {
    return {text};
  }
}

/// Puts an srun's placement together, in the order in which srun looks at its options.
class Placement {
 public:
  Placement(const SrunOptions& options, const Environment& own)
      : options_(options), own_(own), request_(options.placement), job_nodes_(JobNodes(own)) {}

  PlacementRequest Make() {
    if (options_.tasks_per_gpu > 0 && options_.resources.gpus > 0) {
      request_.tasks = std::max(request_.tasks, options_.tasks_per_gpu * options_.resources.gpus);
    }
    ReadNodelist();
    if (request_.distribution == "arbitrary") {
      FollowNodelist();
    } else {
      ShortenNodelist();
    }
    LessenNodes();
    CheckTasksPerNode();
    CheckRelative();
    CheckNodelist();
    ReadExclude();
    CheckCount();
    CountTasks();
    request_.nodes_are_the_jobs = options_.said.count("nodes") == 0 && request_.nodes == static_cast<int>(job_nodes_.size());
    return request_;
  }

 private:
  static std::vector<std::string> JobNodes(const Environment& own) {
    try {
      return ExpandHosts(own.Get("SLURM_JOB_NODELIST"));
    } catch (const LaunchError&) {
      return {};  // it is not ours: node 0 knows better
    }
  }

  void ReadNodelist() {
    if (!request_.with.empty()) return;  // --nodefile has named them
    if (options_.nodelist.empty()) return ReadHostfile();
    request_.with = ReadNodesOrName(options_.nodelist);
  }

  /// SLURM_HOSTFILE names a node for each task.
  void ReadHostfile() {
    const std::string path = own_.Get("SLURM_HOSTFILE");
    if (path.empty()) return;
    try {
      request_.with = ReadHostFile(path.find('/') == path.npos ? "./" + path : path);
      if (is_said("ntasks") && static_cast<int>(request_.with.size()) < request_.tasks) {
        throw LaunchError("Too few NodeNames in Slurm Hostfile", options_.failure_code);
      }
    } catch (const LaunchError& error) {
      throw LaunchError(std::string(error.what()) + "\nFailure getting NodeNames from hostfile", options_.failure_code);
    }
    request_.distribution = "arbitrary";
  }

  /// --distribution=arbitrary: the list of nodes says all.
  void FollowNodelist() {
    const int named = static_cast<int>(request_.with.size());
    if (!is_said("ntasks")) request_.tasks = named;
    if (request_.tasks == 0) throw LaunchError("invalid number of tasks (-n 0)", options_.failure_code);
    request_.with.resize(static_cast<size_t>(std::min(named, request_.tasks)));
    const std::set<std::string> names(request_.with.begin(), request_.with.end());
    request_.nodes = request_.least_nodes = static_cast<int>(names.size());
  }

  void ShortenNodelist() {
    const int named = static_cast<int>(request_.with.size());
    if (request_.nodes == 0 || named <= request_.nodes) return;
    Say("Required nodelist includes more nodes than permitted by max-node count (" + Text(named) + " > " + Text(request_.nodes) +
        "). Eliminating nodes from the nodelist.");
    request_.with.resize(static_cast<size_t>(request_.nodes));
  }

  void LessenNodes() {
    if (request_.tasks == 0 || request_.least_nodes <= request_.tasks) {
      if (request_.tasks > 0) request_.nodes = std::min(request_.nodes, request_.tasks);
      return;
    }
    Warn("can't run " + Text(request_.tasks) + " processes on " + Text(request_.least_nodes) + " nodes, setting nnodes to " +
         Text(request_.tasks));
    request_.nodes = request_.least_nodes = request_.tasks;
  }

  void CheckTasksPerNode() {
    const int per_node = request_.tasks_per_node;
    const int nodes = request_.least_nodes;
    if (per_node == 0 || nodes == 0 || request_.tasks <= per_node || request_.tasks / nodes == per_node) return;
    Warn("can't honor --ntasks-per-node set to " + Text(per_node) + " which doesn't match the requested tasks " +
         Text(request_.tasks) + " with the number of requested nodes " + Text(nodes) + ". Ignoring --ntasks-per-node.");
    request_.tasks_per_node = 0;
  }

  void CheckRelative() const {
    const int there = static_cast<int>(job_nodes_.size());
    const bool is_given = options_.given.count("relative") > 0;
    if (!is_given || there == 0 || request_.relative + request_.least_nodes <= there) return;
    throw LaunchError(std::string("--relative and ") + (is_said("nodes") ? "--nodes" : "SLURM_JOB_NUM_NODES") +
                          " option incompatible with count of allocated nodes (" + Text(request_.relative) + "+" +
                          Text(request_.least_nodes) + ">" + Text(there) + ")",
                      1);
  }

  void ReadExclude() {
    const std::string& text = options_.exclude;
    const bool is_list = std::count(text.begin(), text.end(), '[') == std::count(text.begin(), text.end(), ']');
    if (!is_list) {
      throw LaunchError("Unable to create step for job " + own_.Get("SLURM_JOB_ID") + ": Invalid node name specified",
                        options_.failure_code);
    }
    request_.without = ReadNodesOrName(text);
  }

  void CheckNodelist() const {
    const int named = static_cast<int>(request_.with.size());
    if (request_.distribution != "arbitrary" || named >= request_.tasks) return;
    throw LaunchError("You asked for " + Text(request_.tasks) + " tasks but hostlist specified " + Text(named) + " nodes",
                      options_.failure_code);
  }

  /// Without --ntasks every node gets its share, one task at least.
  void CountTasks() {
    if (request_.tasks == 0) request_.tasks = request_.least_nodes * std::max(1, request_.tasks_per_node);
  }

  void CheckCount() const {
    const std::set<std::string> without(request_.without.begin(), request_.without.end());
    const auto is_left = [&](const std::string& name) { return without.count(name) == 0; };
    const auto there = static_cast<int>(std::count_if(job_nodes_.begin(), job_nodes_.end(), is_left));
    if (job_nodes_.empty()) return;
    if (there == 0) throw LaunchError("Hostlist is empty!  Can't run job.", options_.failure_code);
    if (request_.least_nodes <= there) return;
    const char* hint = without.empty() ? "" : "\nAre required nodes explicitly excluded?";
    throw LaunchError("Only allocated " + Text(there) + " nodes asked for " + Text(request_.least_nodes) + hint, options_.failure_code);
  }

  void Say(const std::string& line) const { SrunMessages(options_.quiet, 0).Error(line); }
  void Warn(const std::string& line) const { SrunMessages(options_.quiet, 0).Info("Warning: " + line); }
  bool is_said(const char* option) const { return options_.said.count(option) > 0; }

  const SrunOptions& options_;
  const Environment& own_;
  PlacementRequest request_;
  std::vector<std::string> job_nodes_;
};

}  // namespace

PlacementRequest PlacementOf(const SrunOptions& options, const Environment& own) { return Placement(options, own).Make(); }

}  // namespace launcher
