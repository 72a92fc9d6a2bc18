#include "text/task_lines.h"

#include <algorithm>

namespace launcher {

void TaskLines::Begin(std::string* out) {
  if (!is_continued_) *out += label_;
  is_continued_ = false;
  *out += begun_;
  begun_.clear();
}

void TaskLines::Take(std::string_view bytes, std::string* out) {
  if (label_.empty()) {  // all lines at once
    const size_t end = bytes.rfind('\n');
    if (end != bytes.npos) {
      Begin(out);
      *out += bytes.substr(0, end + 1);
      bytes.remove_prefix(end + 1);
    }
  } else {
    for (size_t end; (end = bytes.find('\n')) != bytes.npos; bytes.remove_prefix(end + 1)) {
      Begin(out);
      *out += bytes.substr(0, end + 1);
    }
  }
  begun_ += bytes;
  if (begun_.size() > kLongestLine) {
    Begin(out);
    is_continued_ = true;
  }
}

void TaskLines::Finish(std::string* out) {
  if (begun_.empty() && !is_continued_) return;
  Begin(out);
  if (!label_.empty()) *out += '\n';
}

std::string LabelOf(int task, int tasks) {
  const size_t width = std::to_string(std::max(0, tasks - 1)).size();
  const std::string number = std::to_string(task);
  return std::string(width - std::min(width, number.size()), ' ') + number + ": ";
}

}  // namespace launcher
