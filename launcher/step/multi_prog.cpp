#include "step/multi_prog.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "os/fd.h"
#include "text/error.h"

namespace launcher {
namespace {

constexpr size_t kReadAtOnce = 64 * 1024;

[[noreturn]] void Wrong(const std::string& lines) { throw LaunchError(lines, 1); }

bool IsBlank(char letter) { return letter == ' ' || letter == '\t' || letter == '\r'; }

/// Adds the tasks of "3" or "1-3", all below `count`.
void AddRange(const std::string& range, int count, std::vector<int>* tasks) {
  char* rest = nullptr;
  const long first = std::strtol(range.c_str(), &rest, 10);
  long last = first;
  if (rest == range.c_str() || (*rest != '\0' && *rest != '-')) Wrong("Invalid task range specification (" + range + ")");
  if (*rest == '-') {
    const char* text = rest + 1;
    last = std::strtol(text, &rest, 10);
    if (rest == text || *rest != '\0') Wrong("Invalid task range specification");
  }
  if (first < 0) Wrong("Invalid task id, " + std::to_string(first) + " < 0");
  if (last < first) Wrong("Invalid task range, " + std::to_string(first) + "-" + std::to_string(last));
  if (last >= count) Wrong("Invalid task id, " + std::to_string(last) + " >= ntasks");
  for (long task = first; task <= last; ++task) tasks->push_back(static_cast<int>(task));
}

/// The tasks that a line names, in its order.
std::vector<int> TasksOf(std::string_view list, int count) {
  std::vector<int> tasks;
  for (size_t at = 0; at < list.size();) {
    const size_t comma = std::min(list.find(',', at), list.size());
    if (comma > at) AddRange(std::string(list.substr(at, comma - at)), count, &tasks);
    at = comma + 1;
  }
  return tasks;
}

/// The words of a line for one task; none where a quote is not closed.
Words WordsOf(std::string_view text, int task, int offset) {
  Words words;
  std::optional<std::string> word;
  bool is_quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (!is_quoted && IsBlank(letter)) {
      if (word) words.push_back(std::move(*word));
      word.reset();
      continue;
    }
    if (!word) word.emplace();
    if (letter == '\'') {
      is_quoted = !is_quoted;
    } else if (is_quoted) {
      *word += letter;
    } else if (letter == '\\') {
      if (++i < text.size() && text[i] != '\n') *word += text[i];
    } else if (letter == '%') {
      if (++i == text.size()) break;
      if (text[i] == 't') *word += std::to_string(task);
      if (text[i] == 'o') *word += std::to_string(offset);
    } else {
      *word += letter;
    }
  }
  if (is_quoted) return {};
  if (word) words.push_back(std::move(*word));
  return words;
}

/// Where the line that begins at `at` ends: no newline behind a backslash ends it.
size_t EndOfLine(std::string_view text, size_t at) {
  while (at < text.size() && text[at] != '\n') at += text[at] == '\\' ? 2 : 1;
  return std::min(at, text.size());
}

/// The programs as lines give them, one after the other.
class Programs {
 public:
  Programs(int tasks, const Words& extra)
      : count_(tasks), extra_(extra), programs_(static_cast<size_t>(tasks)), given_(static_cast<size_t>(tasks)) {}

  void AddLine(std::string_view line) {
    size_t end = 0;
    while (end < line.size() && !IsBlank(line[end])) ++end;
    const std::string_view tasks = line.substr(0, end);
    while (end < line.size() && IsBlank(line[end])) ++end;
    const std::string_view words = line.substr(end);
    if (has_others_) Wrong("Task range specification with asterisk must be last");
    if (tasks == "*") {
      has_others_ = true;
      if (words.empty()) Wrong("");
      for (int task = 0; task < count_; ++task) {
        if (!given_[static_cast<size_t>(task)]) Give(task, words, task);
      }
      return;
    }
    const std::vector<int> listed = TasksOf(tasks, count_);
    if (words.empty()) Wrong("");
    for (size_t offset = 0; offset < listed.size(); ++offset) Give(listed[offset], words, static_cast<int>(offset));
  }

  /// The first task that has none.
  std::optional<int> Missing() const {
    for (int task = 0; task < count_; ++task) {
      if (!given_[static_cast<size_t>(task)]) return task;
    }
    return std::nullopt;
  }

  std::vector<Words> Take() { return std::move(programs_); }

 private:
  void Give(int task, std::string_view words, int offset) {
    const auto index = static_cast<size_t>(task);
    if (given_[index]) Wrong("Duplicate record for task " + std::to_string(task));
    given_[index] = true;
    programs_[index] = WordsOf(words, task, offset);
    if (!programs_[index].empty()) programs_[index].insert(programs_[index].end(), extra_.begin(), extra_.end());
  }

  int count_;
  const Words& extra_;
  std::vector<Words> programs_;
  std::vector<bool> given_;
  bool has_others_ = false;  ///< a line for all others was there
};

}  // namespace

std::vector<Words> ParseMultiProg(std::string_view text, const std::string& name, int tasks, const Words& extra) {
  Programs programs(tasks, extra);
  int number = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    while (at < text.size() && IsBlank(text[at])) ++at;
    const size_t end = EndOfLine(text, at);
    const std::string_view line = text.substr(at, end - at);
    at = end;
    ++number;
    if (line.empty() || line[0] == '#') continue;
    try {
      programs.AddLine(line);
    } catch (const LaunchError& error) {
      const std::string why = error.what();
      Wrong(why + (why.empty() ? "" : "\n") + "Line " + std::to_string(number) + " of configuration file " + name + " invalid");
    }
    for (const char letter : line) number += letter == '\n';
  }
  if (const std::optional<int> missing = programs.Missing()) {
    Wrong("Configuration file " + name + " invalid, no record for task id " + std::to_string(*missing));
  }
  return programs.Take();
}

std::vector<Words> ReadMultiProg(const std::string& path, int tasks, const Words& extra) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) Wrong("Could not open multi_prog config file " + path);
  std::string text;
  std::string buffer(kReadAtOnce, '\0');
  ssize_t got;
  while ((got = read(file.get(), buffer.data(), buffer.size())) > 0) text.append(buffer, 0, static_cast<size_t>(got));
  if (got < 0) Wrong("Error reading multi_prog config file " + path);
  return ParseMultiProg(text, path, tasks, extra);
}

}  // namespace launcher
