#include "step/task_script.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace launcher {
namespace {

constexpr std::string_view kBlanks = " \t\r\v\f";

/// What stands behind `word` at the start of `line`, without blanks before it; false: it starts otherwise.
bool Follows(std::string_view line, std::string_view word, std::string_view* rest) {
  if (line.substr(0, word.size()) != word) return false;
  const size_t start = line.find_first_not_of(kBlanks, word.size());
  *rest = start == line.npos ? std::string_view() : line.substr(start);
  return true;
}

std::string_view TrimEnd(std::string_view text) { return text.substr(0, text.find_last_not_of(kBlanks) + 1); }

bool IsExecutable(const std::string& path) { return access(path.c_str(), R_OK | X_OK) == 0; }

}  // namespace

PrologWords ReadPrologWords(std::string_view output) {
  PrologWords words;
  while (!output.empty()) {
    const size_t end = std::min(output.find('\n'), output.size());
    const std::string_view line = output.substr(0, end);
    const bool is_whole = end < output.size();
    output.remove_prefix(is_whole ? end + 1 : end);
    std::string_view rest;
    if (Follows(line, "print ", &rest)) {
      words.printed.append(rest).append(is_whole ? "\n" : "");
    } else if (Follows(line, "export ", &rest)) {
      const size_t equals = rest.find('=');
      const std::string_view name = TrimEnd(rest.substr(0, equals));
      if (equals != rest.npos && !name.empty()) words.set.Set(name, rest.substr(equals + 1));
    } else if (Follows(line, "unset ", &rest)) {
      words.unset.emplace_back(TrimEnd(rest));
    }
  }
  return words;
}

std::vector<std::string> WhyNoProlog(const std::string& path) {
  std::string why;
  if (path[0] != '/') {
    why = "is not fully qualified pathname (" + path + ")";
  } else if (!IsExecutable(path)) {
    why = "can not be executed (" + path + ") " + std::strerror(errno);
  } else {
    return {};
  }
  return {"run_command: user task_prolog " + why,
          "user task_prolog did not exit normally. reason: Run command failed - configuration error",
          "--task-prolog failed status=1"};
}

std::vector<std::string> WhyNoEpilog(const std::string& path) {
  if (IsExecutable(path)) return {};
  return {"Could not run user task_epilog [" + path + "]: access denied", "TaskEpilog failed status=-1"};
}

}  // namespace launcher
