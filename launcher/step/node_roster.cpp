#include "step/node_roster.h"

namespace launcher {

NodeRoster::NodeRoster(Loop* loop, int count, OnFrame on_frame, OnLost on_lost)
    : loop_(loop), count_(count), on_frame_(std::move(on_frame)), on_lost_(std::move(on_lost)) {}

void NodeRoster::Join(int node, const std::shared_ptr<Channel>& channel) {
  if (node < 1 || node >= count_ || connected_.count(node) > 0 || lost_.count(node) > 0) return channel->Close();
  connected_[node] = channel;
  arrived_.insert(node);
  channel->Listen([this, node](Frame type, std::string_view payload) { on_frame_(node, type, payload); },
                  [this, node] { Lose(node); });
  for (const auto& [type, payload] : waiting_[node]) channel->Send(type, payload);
  waiting_.erase(node);
  if (is_over_) channel->Send(Frame::kEndJob);
}

void NodeRoster::Send(int node, Frame type, const std::string& payload) {
  if (lost_.count(node) > 0) return;
  const auto found = connected_.find(node);
  if (found != connected_.end()) return found->second->Send(type, payload);
  waiting_[node].emplace_back(type, payload);  // it is still on its way to us
}

void NodeRoster::EndJob() {
  is_over_ = true;
  for (const auto& [node, channel] : connected_) channel->Send(Frame::kEndJob);
}

std::vector<int> NodeRoster::Missing() const {
  std::vector<int> missing;
  for (int node = 1; node < count_; ++node) {
    if (arrived_.count(node) == 0 && lost_.count(node) == 0) missing.push_back(node);
  }
  return missing;
}

void NodeRoster::Lose(int node) {
  if (!lost_.insert(node).second) return;
  waiting_.erase(node);
  loop_->Later([this, node] { connected_.erase(node); });
  on_lost_(node);
}

}  // namespace launcher
