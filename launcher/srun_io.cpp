#include "srun_io.h"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace launcher {
namespace {

/// What a pipe takes for sure when poll says that it is writable; our own streams are others' too, so
/// they cannot be made non-blocking.
constexpr size_t kSafeWrite = 4096;

bool IsNumber(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

bool IsWritable(int fd) {
  pollfd state = {fd, POLLOUT, 0};
  return poll(&state, 1, 0) == 1;
}

}  // namespace

void OutputFile::Write(std::string_view bytes) {
  if (is_broken_) return;
  const bool was_empty = pending_.empty();
  pending_ += bytes;
  if (was_empty) Flush();
}

void OutputFile::Flush() {
  size_t at = 0;
  while (at < pending_.size() && IsWritable(fd_)) {
    const size_t length = std::min(pending_.size() - at, kSafeWrite);
    const ssize_t written = write(fd_, pending_.data() + at, length);
    if (written > 0) {
      at += static_cast<size_t>(written);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      is_broken_ = true;
      at = pending_.size();
    }
  }
  pending_.erase(0, at);
  if (!pending_.empty()) return loop_->WatchWrite(fd_, [this] { Flush(); });
  loop_->ForgetWrite(fd_);
  if (on_emptied_) loop_->Later(on_emptied_);
}

OutputPlan::OutputPlan(Loop* loop, std::string mode, int own_fd, bool append, FilenameFacts facts)
    : loop_(loop), mode_(std::move(mode)), append_(append), facts_(std::move(facts)), own_fd_(own_fd) {
  if (mode_.empty() || mode_ == "all") {
    kind_ = Kind::kOwn;
  } else if (mode_ == "none") {
    kind_ = Kind::kNone;
  } else if (IsNumber(mode_)) {
    kind_ = Kind::kOneTask;
    only_task_ = std::stoi(mode_);
  } else {
    kind_ = IsPerTask(mode_) || IsPerNode(mode_) ? Kind::kFilePerTask : Kind::kFile;
  }
}

void OutputPlan::OpenShared() {
  if (kind_ == Kind::kFile) files_.emplace("", Open(facts_));
  if (kind_ == Kind::kOwn || kind_ == Kind::kOneTask) {
    files_.emplace("", std::make_shared<OutputFile>(loop_, own_fd_, UniqueFd()));
  }
}

void OutputPlan::OpenForTask(int task, int node, const std::string& node_name) {
  if (kind_ == Kind::kFilePerTask) FileFor(task, node, node_name);
}

void OutputPlan::ShareWith(OutputPlan* other) { files_ = other->files_; }

std::shared_ptr<OutputFile> OutputPlan::Open(const FilenameFacts& facts) {
  const std::string path = ExpandFilename(mode_, facts);
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (append_ ? O_APPEND : O_TRUNC), 0666));
  if (!fd) {
    throw LaunchError(std::string("Could not open ") + (own_fd_ == STDOUT_FILENO ? "stdout" : "stderr") +
                          " file: " + std::strerror(errno), 1);
  }
  const int number = fd.get();
  auto file = std::make_shared<OutputFile>(loop_, number, std::move(fd));
  file->OnEmptied(on_emptied_);
  return file;
}

void OutputPlan::SetLabels(int tasks) {
  label_width_ = static_cast<int>(std::to_string(std::max(0, tasks - 1)).size());
}

OutputFile* OutputPlan::FileFor(int task, int node, const std::string& node_name) {
  if (kind_ == Kind::kNone || (kind_ == Kind::kOneTask && task != only_task_)) return nullptr;
  if (kind_ != Kind::kFilePerTask) return files_.at("").get();
  OutputFile*& known = of_task_[task];
  if (known) return known;
  FilenameFacts facts = facts_;
  facts.task = task;
  facts.node = node;
  facts.node_name = node_name;
  std::shared_ptr<OutputFile>& file = files_[ExpandFilename(mode_, facts)];
  if (!file) file = Open(facts);
  return known = file.get();
}

void OutputPlan::Write(int task, int node, const std::string& node_name, std::string_view bytes) {
  OutputFile* file = FileFor(task, node, node_name);
  if (!file) return;
  if (label_width_ < 0 || kind_ == Kind::kFilePerTask) return file->Write(bytes);
  of_task_[task] = file;
  WriteLines(task, file, bytes);
}

void OutputPlan::WriteLines(int task, OutputFile* file, std::string_view bytes) {
  const std::string number = std::to_string(task);
  const std::string label = std::string(static_cast<size_t>(label_width_) - std::min(number.size(), static_cast<size_t>(label_width_)), ' ') + number + ": ";
  std::string& partial = partial_[task];
  std::string whole;
  for (size_t newline; (newline = bytes.find('\n')) != bytes.npos; bytes.remove_prefix(newline + 1)) {
    whole += label + partial;
    whole += bytes.substr(0, newline + 1);
    partial.clear();
  }
  partial += bytes;
  if (!whole.empty()) file->Write(whole);
}

void OutputPlan::Finish(int task) {
  const auto partial = partial_.find(task);
  if (partial == partial_.end()) return;
  if (!partial->second.empty()) WriteLines(task, of_task_.at(task), "\n");
  partial_.erase(task);
}

bool OutputPlan::is_empty() const {
  return std::all_of(files_.begin(), files_.end(), [](const auto& file) { return file.second->is_empty(); });
}

bool OutputPlan::is_full() const {
  return std::any_of(files_.begin(), files_.end(), [](const auto& file) { return file.second->is_full(); });
}

void OutputPlan::OnEmptied(const std::function<void()>& on_emptied) {
  on_emptied_ = on_emptied;
  for (const auto& [path, file] : files_) file->OnEmptied(on_emptied);
}

}  // namespace launcher
