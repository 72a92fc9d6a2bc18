#include "srun/output_plan.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace launcher {
namespace {

bool IsNumber(const std::string& text) {
  return !text.empty() && text.size() < 9 && text.find_first_not_of("0123456789") == std::string::npos;
}

bool IsSameFile(int fd, int other) {
  struct stat one, two;
  return fstat(fd, &one) == 0 && fstat(other, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

}  // namespace

OutputPlan::OutputPlan(Loop* loop, OutputWish wish, FilenameFacts facts)
    : loop_(loop), wish_(std::move(wish)), facts_(std::move(facts)) {
  if (wish_.mode.empty() || wish_.mode == "all") {
    kind_ = Kind::kOwn;
  } else if (wish_.mode == "none") {
    kind_ = Kind::kNone;
  } else if (IsNumber(wish_.mode)) {
    kind_ = Kind::kOneTask;
    only_task_ = std::stoi(wish_.mode);
  } else {
    kind_ = IsPerTask(wish_.mode) || IsPerNode(wish_.mode) ? Kind::kFilePerTask : Kind::kFile;
  }
}

void OutputPlan::OpenEarly() {
  if (kind_ == Kind::kFile && !IsPerStep(wish_.mode)) files_.emplace("", OpenFile(facts_, true));
}

void OutputPlan::Open(const std::vector<TaskPlace>& places, int step) {
  facts_.step = step;
  if (kind_ == Kind::kOneTask && only_task_ >= static_cast<int>(places.size())) kind_ = Kind::kFile;  // no task: Slurm takes it for a name
  if (kind_ == Kind::kFile) {
    const auto early = files_.find("");
    if (early == files_.end()) {
      files_.emplace("", OpenFile(facts_, wish_.append));
    } else if (!wish_.append) {
      early->second->Truncate();
    }
  }
  if (kind_ == Kind::kOwn || kind_ == Kind::kOneTask) {
    const char* name = wish_.own_fd == STDOUT_FILENO ? "standard output" : "standard error";
    files_.emplace("", std::make_shared<OutputFile>(loop_, name, wish_.own_fd));
  }
  OpenOutlets(places);
}

void OutputPlan::Share(const OutputPlan& other, const std::vector<TaskPlace>& places) {
  facts_.step = other.facts_.step;
  kind_ = other.kind_ == Kind::kFilePerTask || other.kind_ == Kind::kFile ? other.kind_ : kind_;
  files_ = other.files_;
  OpenOutlets(places);
}

bool OutputPlan::IsSamePlaceAs(const OutputPlan& other) const {
  const bool is_own = kind_ == Kind::kOwn || kind_ == Kind::kOneTask;
  const bool is_other_own = other.kind_ == Kind::kOwn || other.kind_ == Kind::kOneTask;
  if (is_own && is_other_own) return IsSameFile(wish_.own_fd, other.wish_.own_fd);
  return kind_ == other.kind_ && kind_ != Kind::kNone && wish_.mode == other.wish_.mode;
}

void OutputPlan::OpenOutlets(const std::vector<TaskPlace>& places) {
  const int tasks = static_cast<int>(places.size());
  outlets_.resize(places.size());
  for (int task = 0; task < tasks; ++task) {
    if (kind_ == Kind::kNone || (kind_ == Kind::kOneTask && task != only_task_)) continue;
    Outlet& outlet = outlets_[static_cast<size_t>(task)];
    if (kind_ == Kind::kFilePerTask) {
      FilenameFacts facts = facts_;
      facts.task = task;
      facts.node = places[static_cast<size_t>(task)].node;
      facts.node_name = places[static_cast<size_t>(task)].name;
      std::shared_ptr<OutputFile>& file = files_[ExpandFilename(wish_.mode, facts)];
      if (!file) file = OpenFile(facts, wish_.append);
      outlet.file = file.get();
    } else {
      outlet.file = files_.at("").get();
    }
    const bool is_shared = tasks > 1 && kind_ != Kind::kOneTask && !(kind_ == Kind::kFilePerTask && IsPerTask(wish_.mode));
    if (wish_.label) {
      outlet.lines.emplace(LabelOf(task, tasks));
    } else if (is_shared && !wish_.unbuffered) {
      outlet.lines.emplace("");
    }
  }
}

std::shared_ptr<OutputFile> OutputPlan::OpenFile(const FilenameFacts& facts, bool keeps_content) {
  const std::string path = ExpandFilename(wish_.mode, facts);
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (wish_.append ? O_APPEND : 0) | (keeps_content ? 0 : O_TRUNC);
  UniqueFd fd(open(path.c_str(), flags, 0666));
  if (!fd) {
    const char* stream = wish_.own_fd == STDOUT_FILENO ? "stdout" : "stderr";
    throw LaunchError(std::string("Could not open ") + stream + " file: " + std::strerror(errno), 1);
  }
  return std::make_shared<OutputFile>(loop_, path, std::move(fd));
}

void OutputPlan::Write(int task, std::string_view bytes) {
  Outlet& outlet = outlets_.at(static_cast<size_t>(task));
  if (!outlet.file) return;
  if (!outlet.lines) return outlet.file->Write(bytes);
  lines_.clear();
  outlet.lines->Take(bytes, &lines_);
  outlet.file->Write(lines_);
}

void OutputPlan::Finish(int task) {
  Outlet& outlet = outlets_.at(static_cast<size_t>(task));
  if (!outlet.file || !outlet.lines) return;
  lines_.clear();
  outlet.lines->Finish(&lines_);
  outlet.file->Write(lines_);
}

bool OutputPlan::is_empty() const {
  return std::all_of(files_.begin(), files_.end(), [](const auto& file) { return file.second->is_empty(); });
}

bool OutputPlan::is_full() const {
  return std::any_of(files_.begin(), files_.end(), [](const auto& file) { return file.second->is_full(); });
}

void OutputPlan::OnEmptied(const std::function<void()>& on_emptied) {
  for (const auto& [path, file] : files_) file->OnEmptied(on_emptied);
}

std::optional<std::string> OutputPlan::TakeFailure() {
  for (const auto& [path, file] : files_) {
    if (file->error() == 0 || std::exchange(told_[file->name()], true)) continue;
    return "cannot write " + file->name() + ": " + std::strerror(file->error()) + ": what the tasks say there is lost";
  }
  return std::nullopt;
}

}  // namespace launcher
