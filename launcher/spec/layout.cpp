#include "spec/layout.h"

#include <algorithm>
#include <cctype>
#include <climits>
#include <cstdint>
#include <numeric>

#include "text/error.h"

namespace launcher {
namespace {

/// The part of `text` before `mark`; `text` keeps what is behind it.
std::string_view TakeUntil(std::string_view* text, char mark) {
  const size_t at = text->find(mark);
  const std::string_view piece = text->substr(0, at);
  *text = at == text->npos ? std::string_view() : text->substr(at + 1);
  return piece;
}

bool IsSocketLevel(std::string_view word) {
  return word == "block" || word == "cyclic" || word == "fcyclic" || word == "*";
}

/// Whether `text` is `:level2:level3` and `,pack` or `,nopack`, each of them optional.
bool IsSocketPart(std::string_view text) {
  const size_t comma = text.find(',');
  if (comma != text.npos) {
    const std::string_view packing = text.substr(comma + 1);
    if (packing != "pack" && packing != "nopack") return false;
  }
  std::string_view levels = text.substr(0, comma);
  if (levels.empty()) return true;
  levels.remove_prefix(1);
  for (int count = 0; !levels.empty(); ++count) {
    if (count == 2 || !IsSocketLevel(TakeUntil(&levels, ':'))) return false;
  }
  return true;
}

std::optional<int> ReadPlaneSize(std::string_view digits) {
  int64_t size = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9' || size > INT_MAX) return std::nullopt;
    size = size * 10 + (digit - '0');
  }
  if (size < 1 || size > INT_MAX) return std::nullopt;
  return static_cast<int>(size);
}

/// How many tasks a node gets at a time when the nodes take turns.
int TurnSize(const Distribution& distribution) {
  return distribution.kind == Distribution::Kind::kPlane ? distribution.plane_size : 1;
}

/// Lets the nodes take turns until `tasks` are given or, if `room` is set, no node has room left.
/// Returns how many are left over.
int TakeTurns(int tasks, int turn, const std::vector<int>* room, std::vector<int>* counts) {
  while (tasks > 0) {
    const int before = tasks;
    for (size_t node = 0; node < counts->size() && tasks > 0; ++node) {
      int& count = (*counts)[node];
      // Of a plane that is larger than what is there, some is left for each node that has nothing yet.
      const auto empty = static_cast<int>(std::count(counts->begin() + static_cast<long>(node) + 1, counts->end(), 0));
      int taken = std::min(turn, std::max(tasks - empty, 1));
      if (room) taken = std::min(taken, std::max((*room)[node] - count, 0));
      count += taken;
      tasks -= taken;
    }
    if (tasks == before) break;
  }
  return tasks;
}

}  // namespace

std::optional<Distribution> ParseDistribution(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  Distribution distribution;
  if (lower.rfind("plane=", 0) == 0) {
    const auto size = ReadPlaneSize(std::string_view(lower).substr(6));
    if (!size) return std::nullopt;
    distribution.kind = Distribution::Kind::kPlane;
    distribution.plane_size = *size;
    return distribution;
  }
  if (lower == "arbitrary") {
    distribution.kind = Distribution::Kind::kArbitrary;
    return distribution;
  }
  const size_t end = std::min(lower.find_first_of(":,"), lower.size());
  const std::string first = lower.substr(0, end);
  distribution.sockets = lower.substr(end);
  if (first == "cyclic") {
    distribution.kind = Distribution::Kind::kCyclic;
  } else if (first != "block" && first != "*") {
    return std::nullopt;
  }
  if (!IsSocketPart(distribution.sockets)) return std::nullopt;
  if (distribution.sockets == ":") distribution.sockets.clear();
  return distribution;
}

Distribution DefaultDistribution(int tasks, int nodes) {
  Distribution distribution;
  if (tasks <= nodes) distribution.kind = Distribution::Kind::kCyclic;
  return distribution;
}

std::string DistributionName(const Distribution& distribution) {
  switch (distribution.kind) {
    case Distribution::Kind::kCyclic:
      return "cyclic" + distribution.sockets;
    case Distribution::Kind::kPlane:
      return "plane";
    case Distribution::Kind::kArbitrary:
      return "arbitrary";
    case Distribution::Kind::kBlock:
      break;
  }
  return "block" + distribution.sockets;
}

std::string DistributionOption(const Distribution& distribution) {
  const std::string name = DistributionName(distribution);
  return distribution.kind == Distribution::Kind::kPlane ? name + "=" + std::to_string(distribution.plane_size) : name;
}

TaskIds LayOut(const LayoutRequest& request) {
  std::vector<int> room;
  for (const int cpus : request.cpus_per_node)
    room.push_back(cpus / std::max(request.cpus_per_task, 1));
  std::vector<int> counts(room.size(), 0);
  const int turn = TurnSize(request.distribution);
  int left = TakeTurns(request.tasks, turn, &room, &counts);
  if (left > 0 && request.overcommit && !counts.empty()) {
    left = TakeTurns(left, turn, nullptr, &counts);
  }
  if (left > 0) throw LaunchError("More processors requested than permitted", 1);
  return NumberTasks(counts, request.distribution);
}

TaskIds NumberTasks(const std::vector<int>& tasks_per_node, const Distribution& distribution) {
  TaskIds ids(tasks_per_node.size());
  const int total = std::accumulate(tasks_per_node.begin(), tasks_per_node.end(), 0);
  const bool in_turn = distribution.kind == Distribution::Kind::kCyclic ||
                       distribution.kind == Distribution::Kind::kPlane;
  for (int next = 0; next < total;) {
    for (size_t node = 0; node < ids.size(); ++node) {
      const int left = tasks_per_node[node] - static_cast<int>(ids[node].size());
      const int taken = in_turn ? std::min(left, TurnSize(distribution)) : left;
      for (int i = 0; i < taken; ++i) ids[node].push_back(next++);
    }
  }
  return ids;
}

TaskIds NumberByHost(const std::vector<int>& node_of_task, int nodes) {
  TaskIds ids(static_cast<size_t>(nodes));
  for (size_t task = 0; task < node_of_task.size(); ++task) {
    ids.at(static_cast<size_t>(node_of_task[task])).push_back(static_cast<int>(task));
  }
  return ids;
}

std::vector<int> CountTasks(const TaskIds& ids) {
  std::vector<int> counts;
  for (const auto& tasks : ids) counts.push_back(static_cast<int>(tasks.size()));
  return counts;
}

std::string FoldCounts(const std::vector<int>& counts) {
  std::string text;
  for (size_t i = 0; i < counts.size();) {
    size_t end = i;
    while (end < counts.size() && counts[end] == counts[i]) ++end;
    if (!text.empty()) text += ',';
    text += std::to_string(counts[i]);
    if (end - i > 1) text += "(x" + std::to_string(end - i) + ")";
    i = end;
  }
  return text;
}

}  // namespace launcher
