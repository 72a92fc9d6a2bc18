#include "job/het_component.h"

#include <utility>

#include "channel/relay.h"

namespace launcher {
namespace {

constexpr double kLookSeconds = 0.1;    ///< between looks for the leader's addresses
constexpr double kRoundSeconds = 2;     ///< with one set of addresses: they may be those of an earlier attempt of the job
constexpr double kRelayPatience = 30;

}  // namespace

HetComponent::HetComponent(Loop* loop, const LaunchSpec& spec, const Environment& job_environment, Hooks hooks)
    : loop_(loop),
      het_(*spec.job->het),
      credentials_{het_.leader, spec.secret},
      job_environment_(job_environment),
      hooks_(std::move(hooks)),
      meeting_(het_) {}

void HetComponent::Start() {
  until_ms_ = MonotonicMs() + 1000 * het_.wait;
  Search();
}

void HetComponent::Search() {
  if (is_ending_) return;
  if (MonotonicMs() > until_ms_) return Fail("the leader was not found within " + std::to_string(het_.wait) + " seconds");
  addresses_ = FirstNodeAddresses{meeting_.Addresses()};
  if (addresses_.texts.empty()) {
    loop_->After(kLookSeconds, [this] { Search(); });
    return;
  }
  ConnectToFirstNode(loop_, credentials_, Peer{"component", het_.offset}, &addresses_, kRoundSeconds,
                     [this](const std::shared_ptr<Channel>& leader, const std::string&) {
                       leader ? OnConnected(leader) : loop_->Later([this] { Search(); });
                     });
}

void HetComponent::OnConnected(const std::shared_ptr<Channel>& leader) {
  if (is_ending_) return leader->Close();
  leader_ = leader;
  leader_->Listen([this](Frame type, std::string_view payload) { OnFrame(type, payload); },
                  [this] { Fail("the connection to the leader broke"); });
  leader_->Send(Frame::kComponent, Packer().Texts(job_environment_.Words()).payload());
}

void HetComponent::OnFrame(Frame type, std::string_view payload) {
  if (type == Frame::kJobBegins) return hooks_.begin();
  if (type == Frame::kStartRelay) return StartRelay(Unpacker(payload).Number());
  if (type != Frame::kEndJob) return;
  is_ending_ = true;  // and nothing that we say interests the leader any more
  const ComponentEnd end = UnpackEnd(payload);
  hooks_.end(end.outcome, end.why);
}

void HetComponent::StartRelay(int64_t key) {
  ConnectToFirstNode(loop_, credentials_, Peer{"relay", key}, &addresses_, kRelayPatience,
                     [this](const std::shared_ptr<Channel>& client, const std::string&) {
                       if (client) hooks_.client(client);
                     });
}

void HetComponent::OnPeer(const std::shared_ptr<Channel>& channel, const Peer& peer) {
  if (!IsForOther(peer, het_) || !leader_ || is_ending_) return channel->Close();
  channel->Pause();  // what it sends next is for the other component
  ConnectToFirstNode(loop_, credentials_, Peer{"client", peer.node}, &addresses_, kRelayPatience,
                     [channel](const std::shared_ptr<Channel>& far, const std::string&) {
                       if (!far) return channel->Close();
                       PassFrames(channel, far);
                     });
}

void HetComponent::EndJob(const Outcome& outcome, const std::string& why) {
  if (std::exchange(is_ending_, true) || !leader_) return;
  leader_->Send(Frame::kEndJob, PackEnd(outcome, why));
}

void HetComponent::Fail(const std::string& why) {
  if (is_ending_) return;
  hooks_.end(NodeFailure(), " DUE TO NODE FAILURE, " + why);
}

}  // namespace launcher
