#include "srun/srun_input.h"

#include <utility>

#include "step/step_request.h"

namespace launcher {
namespace {

constexpr size_t kWindow = 512 * 1024;  ///< bytes of standard input on their way to the tasks
constexpr size_t kReadAtOnce = 64 * 1024;

bool IsNumber(const std::string& text) {
  return !text.empty() && text.size() < 9 && text.find_first_not_of("0123456789") == std::string::npos;
}

bool IsPerPlace(const std::string& pattern) { return IsPerTask(pattern) || IsPerNode(pattern); }

}  // namespace

SrunInput::SrunInput(Loop* loop, const std::string& mode, FilenameFacts facts)
    : loop_(loop), mode_(mode), facts_(std::move(facts)), input_task_(kInputAll) {
  if (mode.empty() || mode == "all" || IsNumber(mode)) {
    if (IsNumber(mode)) input_task_ = std::stoi(mode);
    sources_.push_back(std::make_unique<Source>());
    sources_.back()->fd = STDIN_FILENO;
    if (input_task_ >= 0) sources_.back()->task = static_cast<uint32_t>(input_task_);
  } else if (mode == "none") {
    input_task_ = kInputNone;
  } else if (!IsPerPlace(mode) && !IsPerStep(mode)) {
    AddFile(facts_, kAllTasks);
  }
}

void SrunInput::AddFile(const FilenameFacts& facts, uint32_t task) {
  auto source = std::make_unique<Source>();
  source->file.Reset(open(ExpandFilename(mode_, facts).c_str(), O_RDONLY | O_CLOEXEC));
  if (!source->file) throw LaunchError(std::string("Could not open stdin file: ") + std::strerror(errno), 1);
  source->fd = source->file.get();
  source->task = task;
  sources_.push_back(std::move(source));
}

void SrunInput::Start(StepParts* parts, const std::vector<TaskPlace>& places, int step) {
  parts_ = parts;
  facts_.step = step;
  if (input_task_ >= static_cast<int>(places.size())) {  // no task: Slurm takes the number for a file's name
    sources_.clear();
    AddFile(facts_, kAllTasks);
  } else if (sources_.empty() && input_task_ == kInputAll) {
    for (size_t task = 0; task < places.size() && IsPerPlace(mode_); ++task) {
      FilenameFacts facts = facts_;
      facts.task = static_cast<int>(task);
      facts.node = places[task].node;
      facts.node_name = places[task].name;
      AddFile(facts, static_cast<uint32_t>(task));
    }
    if (!IsPerPlace(mode_)) AddFile(facts_, kAllTasks);
  }
  buffer_.resize(kReadAtOnce);
  Watch();
}

void SrunInput::Watch() {
  for (const auto& source : sources_) {
    if (source->fd < 0) continue;
    if (on_its_way_ >= kWindow) {
      loop_->ForgetRead(source->fd);
    } else {
      loop_->WatchRead(source->fd, [this, source = source.get()] { Read(source); });
    }
  }
}

void SrunInput::Read(Source* source) {
  const ssize_t got = read(source->fd, buffer_.data(), buffer_.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) {  // also a terminal that we may not read from the background
    loop_->ForgetRead(source->fd);
    source->fd = -1;
    source->file.Reset();
    return parts_->Send(Frame::kStdin, Packer().Number(source->task).payload());
  }
  const std::string_view bytes(buffer_.data(), static_cast<size_t>(got));
  parts_->Send(Frame::kStdin, Packer().Number(source->task).payload(), bytes);
  on_its_way_ += bytes.size();
  if (on_its_way_ >= kWindow) Watch();
}

void SrunInput::Taken(size_t bytes) {
  const bool was_full = on_its_way_ >= kWindow;
  on_its_way_ -= bytes;
  if (was_full) Watch();
}

void SrunInput::Stop() {
  for (const auto& source : sources_) {
    if (source->fd >= 0) loop_->ForgetRead(source->fd);
    source->fd = -1;
  }
}

}  // namespace launcher
