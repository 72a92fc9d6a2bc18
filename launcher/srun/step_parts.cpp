#include "srun/step_parts.h"

#include <algorithm>
#include <utility>

#include "channel/handshake.h"
#include "node/runtime_dir.h"

namespace launcher {
namespace {

constexpr int64_t kLeader = 1;  ///< component 0, as AUTH asks for it
constexpr double kLastWordSeconds = 5;

}  // namespace

StepParts::StepParts(Loop* loop, std::string directory, bool is_owner, Hooks hooks)
    : loop_(loop), directory_(std::move(directory)), is_owner_(is_owner), hooks_(std::move(hooks)) {}

std::shared_ptr<Channel> StepParts::Open(const char* kind, int64_t peer, std::function<void()> then) {
  UniqueFd socket = ConnectToJob(directory_);
  if (!socket) throw LaunchError("Unable to create step: the job is not running on this node any more", 1);
  auto channel = std::make_shared<Channel>(loop_, std::move(socket));
  OpenHandshake(channel, Credentials{}, Peer{kind, peer},
                [failed = hooks_.failed, then = std::move(then)](const std::optional<std::string>& error) {
                  if (!error) return then();
                  failed("Unable to create step: " + (error->empty() ? "the job has ended" : *error));
                });
  return channel;
}

void StepParts::Connect(std::vector<Part> parts) {
  parts_ = std::move(parts);
  lines_.resize(parts_.size());
  if (parts_[0].peer == 0) return ConnectParts();
  leader_ = Open(is_owner_ ? "owner" : "client", kLeader, [this] { AskNumber(); });
}

void StepParts::AskNumber() {
  leader_->Listen(
      [this](Frame type, std::string_view payload) {
        if (type != Frame::kStepNumberTold) return;
        const int number = static_cast<int>(Unpacker(payload).Number());
        for (Part& part : parts_) part.request.number = number;
        ConnectParts();
      },
      [this] { hooks_.lost(); });
  leader_->Send(Frame::kStepNumber);
}

void StepParts::ConnectParts() {
  for (size_t part = 0; part < parts_.size(); ++part) {
    const char* kind = is_owner_ && !leader_ ? "owner" : "client";
    lines_[part].channel = Open(kind, parts_[part].peer, [this, part] {
      lines_[part].channel->Listen([this, part](Frame type, std::string_view payload) { OnFrame(part, type, payload); },
                                   [this, part] {
                                     if (!lines_[part].is_over) hooks_.lost();
                                   });
      if (++open_ == parts_.size()) hooks_.connected();
    });
  }
}

void StepParts::Create() {
  for (size_t part = 0; part < parts_.size(); ++part) lines_[part].channel->Send(Frame::kCreateStep, parts_[part].request.Pack());
}

void StepParts::Start(const std::string& program, bool is_per_node) {
  WholeStep all;
  for (const Line& line : lines_) {
    all.nodes.insert(all.nodes.end(), line.nodes.begin(), line.nodes.end());
    for (const auto& tasks : line.tasks) all.tasks_per_node.push_back(static_cast<int>(tasks.size()));
  }
  for (const Line& line : lines_) {
    WholeStep whole = line.whole;
    if (lines_.size() > 1) {
      whole.nodes = all.nodes;
      whole.tasks_per_node = all.tasks_per_node;
    }
    Packer packer;
    packer.Text(program).Number(is_per_node);
    whole.Pack(&packer);
    line.channel->Send(Frame::kStartStep, packer.payload());
  }
}

void StepParts::Send(Frame type, std::string_view fields, std::string_view rest) {
  for (const Line& line : lines_) {
    if (line.channel && !line.is_over) line.channel->Send(type, fields, rest);
  }
}

void StepParts::Pause() {
  for (const Line& line : lines_) line.channel->Pause();
}

void StepParts::Resume() {
  for (const Line& line : lines_) line.channel->Resume();
}

void StepParts::EndAllocation(int status, int signal) {
  const std::shared_ptr<Channel> owner = leader_ ? leader_ : lines_.empty() ? nullptr : lines_[0].channel;
  if (!owner) return;
  owner->Send(Frame::kEndAllocation, Packer().Number(status).Number(signal).payload());
  owner->Finish(kLastWordSeconds);
}

size_t StepParts::part_of_node(int node) const {
  size_t part = 0;
  while (part + 1 < lines_.size() && node >= lines_[part + 1].whole.first_node) ++part;
  return part;
}

void StepParts::OnFrame(size_t part, Frame type, std::string_view payload) {
  Line& line = lines_[part];
  if (type == Frame::kStepCreated) return OnCreated(part, payload);
  if (type == Frame::kStdinTaken) {
    line.input_taken += static_cast<size_t>(Unpacker(payload).Number());
    return ReportInput();
  }
  if (type == Frame::kStepEnded) {
    line.is_over = true;
    const bool are_all = std::all_of(lines_.begin(), lines_.end(), [](const Line& other) { return other.is_over; });
    if (!are_all) return ReportInput();
  }
  hooks_.frame(part, type, payload);
}

/// When the last part is there, the whole is.
void StepParts::OnCreated(size_t part, std::string_view payload) {
  Unpacker fields(payload);
  const int64_t id = fields.Number();
  for (int64_t left = fields.Number(); left > 0; --left) {
    lines_[part].nodes.push_back(fields.Text());
    lines_[part].tasks.push_back(fields.Numbers());
  }
  lines_[part].is_created = true;
  if (!std::all_of(lines_.begin(), lines_.end(), [](const Line& line) { return line.is_created; })) return;
  int tasks = 0, nodes = 0;
  Packer places;
  for (Line& line : lines_) {
    line.whole.first_task = tasks;
    line.whole.first_node = nodes;
    for (size_t node = 0; node < line.nodes.size(); ++node) {
      std::vector<int> numbers = line.tasks[node];
      for (int& number : numbers) number += line.whole.first_task;
      places.Text(line.nodes[node]).Numbers(numbers);
      tasks += static_cast<int>(numbers.size());
      ++nodes;
    }
  }
  hooks_.frame(part, Frame::kStepCreated, Packer().Number(id).Number(nodes).payload() + places.payload());
}

/// What all parts have taken that still run.
void StepParts::ReportInput() {
  std::optional<size_t> taken;
  for (const Line& line : lines_) {
    if (!line.is_over) taken = std::min(taken.value_or(line.input_taken), line.input_taken);
  }
  if (!taken || *taken <= input_reported_) return;
  const size_t more = *taken - input_reported_;
  input_reported_ = *taken;
  hooks_.frame(0, Frame::kStdinTaken, Packer().Number(static_cast<int64_t>(more)).payload());
}

}  // namespace launcher
