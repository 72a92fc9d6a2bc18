#include "os/usage_summary.h"

namespace launcher {
namespace {

struct Kind {
  const char* name;  ///< in the report
  int64_t Usage::*value;
};

constexpr Kind kKinds[] = {
    {"cpu", &Usage::cpu_ms},
    {"rss", &Usage::resident_bytes},
    {"vmem", &Usage::virtual_bytes},
    {"pages", &Usage::page_faults},
    {"read", &Usage::read_bytes},
    {"written", &Usage::written_bytes},
};

std::string Array(const UsageRange& range) {
  std::string text;
  for (const int64_t number : {range.total, range.most, int64_t{range.most_task}, int64_t{range.most_node}, range.least,
                               int64_t{range.least_task}, int64_t{range.least_node}}) {
    text += (text.empty() ? "[" : ",") + std::to_string(number);
  }
  return text + "]";
}

}  // namespace

void UsageSummary::Add(int task, int node, const Usage& usage) {
  system_ms_ += usage.system_ms;
  for (size_t i = 0; i < ranges_.size(); ++i) {
    UsageRange& range = ranges_[i];
    const int64_t value = usage.*kKinds[i].value;
    range.total += value;
    // Of several with the same amount the first task is named, in whichever order they end.
    if (tasks_ == 0 || value > range.most || (value == range.most && task < range.most_task)) {
      range.most = value;
      range.most_task = task;
      range.most_node = node;
    }
    if (tasks_ == 0 || value < range.least || (value == range.least && task < range.least_task)) {
      range.least = value;
      range.least_task = task;
      range.least_node = node;
    }
  }
  ++tasks_;
}

std::string UsageSummary::Json() const {
  std::string text = "{\"tasks\":" + std::to_string(tasks_) + ",\"system\":" + std::to_string(system_ms_);
  for (size_t i = 0; i < ranges_.size(); ++i) text += std::string(",\"") + kKinds[i].name + "\":" + Array(ranges_[i]);
  return text + "}";
}

}  // namespace launcher
