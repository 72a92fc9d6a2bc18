#include "text/filename.h"

#include <algorithm>

namespace launcher {
namespace {

// Slurm takes wider padding as this.
constexpr size_t kMaxWidth = 10;

// What %a is where there is no array: NO_VAL of Slurm.
constexpr int64_t kNoArrayTask = 4294967294;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string Padded(int64_t number, size_t width) {
  std::string digits = std::to_string(number);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return digits;
}

/// What one pattern stands for; nothing for an unknown letter.
std::optional<std::string> Value(char letter, size_t width, const FilenameFacts& facts) {
  switch (letter) {
    case 'A':
      return Padded(facts.array_job_id.value_or(facts.job_id), width);
    case 'a':
      return Padded(facts.array_task_id.value_or(kNoArrayTask), width);
    case 'J': {
      const std::string job = Padded(facts.job_id, width);
      return facts.step ? job + "." + std::to_string(*facts.step) : job;
    }
    case 'j':
      return Padded(facts.job_id, width);
    case 'N':
      return facts.node_name;
    case 'n':
      return Padded(facts.node, width);
    case 's':
      return facts.step ? Padded(*facts.step, width) : "batch";
    case 't':
      return Padded(facts.task, width);
    case 'u':
      return facts.user;
    case 'x':
      return facts.job_name;
    default:
      return std::nullopt;
  }
}

std::string WithoutBackslashes(std::string_view pattern) {
  std::string text;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    text += pattern[i];
  }
  return text;
}

/// Whether one of `letters` is a pattern in the name.
bool Uses(std::string_view pattern, std::string_view letters) {
  if (pattern.find('\\') != pattern.npos) return false;
  for (size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] != '%') continue;
    size_t at = i + 1;
    if (pattern[at] == '%') {
      ++i;
      continue;
    }
    while (at < pattern.size() && IsDigit(pattern[at])) ++at;
    if (at < pattern.size() && letters.find(pattern[at]) != letters.npos) return true;
  }
  return false;
}

}  // namespace

std::string ExpandFilename(std::string_view pattern, const FilenameFacts& facts) {
  if (pattern.find('\\') != pattern.npos) return WithoutBackslashes(pattern);
  std::string name;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%' || i + 1 == pattern.size()) {
      name += pattern[i];
      continue;
    }
    if (pattern[i + 1] == '%') {
      name += '%';
      ++i;
      continue;
    }
    size_t at = i + 1;
    size_t width = 0;
    while (at < pattern.size() && IsDigit(pattern[at])) {
      width = std::min(kMaxWidth, width * 10 + static_cast<size_t>(pattern[at++] - '0'));
    }
    const auto value = at < pattern.size() ? Value(pattern[at], width, facts) : std::nullopt;
    if (value) {
      name += *value;
      i = at;
    } else if (at == i + 1) {
      name += '%';  // an unknown letter stays, with its %
    }
    // With a width, Slurm drops the % and goes on with the digits as text.
  }
  return name;
}

bool IsPerTask(std::string_view pattern) { return Uses(pattern, "t"); }

bool IsPerNode(std::string_view pattern) { return Uses(pattern, "nN"); }

bool IsPerStep(std::string_view pattern) { return Uses(pattern, "sJ"); }

}  // namespace launcher
