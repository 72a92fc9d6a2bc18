#include "job/het_leader.h"

#include <algorithm>
#include <utility>

#include "channel/relay.h"
#include "node/slurm_env.h"

namespace launcher {
namespace {

/// What the script is told of every component, if that has it, with `_HET_GROUP_<offset>` behind the name. What else there is of
/// that kind follows from the requests alone. Source: sbatch 22.05; compat/captures/*/het.
constexpr const char* kOfComponents[] = {"SLURM_JOB_ACCOUNT", "SLURM_JOB_CPUS_PER_NODE", "SLURM_JOB_NAME", "SLURM_JOB_NODELIST",
                                         "SLURM_JOB_NUM_NODES", "SLURM_JOB_PARTITION", "SLURM_JOB_QOS", "SLURM_TASKS_PER_NODE"};

constexpr const char* kOldGroup = "_PACK_GROUP_";

}  // namespace

HetLeader::HetLeader(Loop* loop, const LaunchSpec& spec, const Place& place, const Environment& job_environment, Hooks hooks)
    : loop_(loop), het_(*spec.job->het), place_(place), hooks_(std::move(hooks)), meeting_(het_) {
  for (size_t offset = 0; offset < het_.ids.size(); ++offset) components_[static_cast<int>(offset)];
  Component& own = components_[0];
  own.environment = job_environment;
  own.has_come = own.has_ended = true;
}

void HetLeader::Start() {
  meeting_.Announce(place_.first_addresses);
  loop_->After(static_cast<double>(het_.wait), [this] { Miss(); });
}

void HetLeader::OnPeer(const std::shared_ptr<Channel>& channel, const Peer& peer) {
  if (peer.kind == "component") return Join(peer.node, channel);
  if (peer.kind == "relay") return OnRelay(peer.node, channel);
  BringClient(peer.node - 1, channel);
}

void HetLeader::Join(int64_t offset, const std::shared_ptr<Channel>& channel) {
  const auto found = components_.find(static_cast<int>(offset));
  if (offset < 1 || found == components_.end() || found->second.channel || found->second.has_come) return channel->Close();
  found->second.channel = channel;
  channel->Listen([this, offset](Frame type, std::string_view payload) { OnFrame(static_cast<int>(offset), type, payload); },
                  [this, offset] { OnLost(static_cast<int>(offset)); });
  if (!end_.empty()) channel->Send(Frame::kEndJob, end_);
}

void HetLeader::OnFrame(int offset, Frame type, std::string_view payload) {
  Component& component = components_.at(offset);
  if (type == Frame::kComponent && !component.has_come) {
    component.environment = Environment::FromWords(Unpacker(payload).Texts());
    component.has_come = true;
    if (!have_all_come() || !end_.empty()) return;
    for (const auto& [other, there] : components_) {
      if (there.channel) there.channel->Send(Frame::kJobBegins);
    }
    hooks_.begin();
  } else if (type == Frame::kEndJob) {
    component.has_ended = true;
    const ComponentEnd end = UnpackEnd(payload);
    if (end.outcome.reason == kTerminatedReason) return;  // `scancel ID+1` ends that one alone; else the login side ends us, too
    hooks_.end(end.outcome, end.why);
  }
}

/// One that has not said how it ended is lost, and the job with it, as under Slurm when a node of it fails.
void HetLeader::OnLost(int offset) {
  Component& component = components_.at(offset);
  loop_->Later([&component] { component.channel = nullptr; });
  component.has_come = true;
  for (auto client = waiting_.begin(); client != waiting_.end();) {
    client->second->Close();
    client = waiting_.erase(client);
  }
  if (std::exchange(component.has_ended, true) || !end_.empty()) return;
  hooks_.end(NodeFailure(),
             " DUE TO NODE FAILURE, the connection to component " + std::to_string(offset) + " broke");
}

void HetLeader::Miss() {
  for (auto& [offset, component] : components_) {
    if (component.has_come) continue;
    component.is_missed = true;
    hooks_.end(NodeFailure(), " DUE TO NODE FAILURE, component " + std::to_string(offset) +
                                                           " has not come within " + std::to_string(het_.wait) + " seconds");
  }
}

bool HetLeader::have_all_come() const {
  return std::all_of(components_.begin(), components_.end(),
                     [](const auto& component) { return component.second.has_come || component.second.is_missed; });
}

void HetLeader::EndJob(const Outcome& outcome, const std::string& why) {
  if (!end_.empty()) return;
  end_ = PackEnd(outcome, why);
  for (const auto& [offset, component] : components_) {
    if (component.channel) component.channel->Send(Frame::kEndJob, end_);
  }
}

bool HetLeader::is_empty() const {
  return std::none_of(components_.begin(), components_.end(), [](const auto& component) { return component.second.channel; });
}

/// The client waits until the component has connected for it.
void HetLeader::BringClient(int64_t offset, const std::shared_ptr<Channel>& client) {
  const auto found = components_.find(static_cast<int>(offset));
  if (found == components_.end() || !found->second.channel || !end_.empty()) return client->Close();
  const int64_t key = next_key_++;
  client->Pause();
  waiting_[key] = client;
  found->second.channel->Send(Frame::kStartRelay, Packer().Number(key).payload());
}

void HetLeader::OnRelay(int64_t key, const std::shared_ptr<Channel>& channel) {
  const auto found = waiting_.find(key);
  if (found == waiting_.end()) return channel->Close();
  PassFrames(found->second, channel);
  waiting_.erase(found);
}

Environment HetLeader::Variables() const {
  Environment variables;
  for (const auto& [offset, component] : components_) {
    const std::string group = kHetGroup + std::to_string(offset);
    for (const char* name : kOfComponents) {
      if (const std::string* value = component.environment.Find(name)) variables.Set(name + group, *value);
    }
    variables.SetNumber("SLURM_JOB_ID" + group, het_.ids[static_cast<size_t>(offset)]);
  }
  variables.SetNumber("SLURM_HET_SIZE", static_cast<int64_t>(het_.ids.size()));
  variables.SetNumber("SLURM_PACK_SIZE", static_cast<int64_t>(het_.ids.size()));
  for (const auto& [name, value] : components_.at(0).environment.variables()) {
    if (name.find(kHetGroup) != name.npos) variables.Set(name, value);
  }
  const Environment named = variables;
  for (const auto& [name, value] : named.variables()) {
    const size_t at = name.find(kHetGroup);
    if (at != name.npos) variables.Set(name.substr(0, at) + kOldGroup + name.substr(at + std::string(kHetGroup).size()), value);
  }
  return variables;
}

}  // namespace launcher
