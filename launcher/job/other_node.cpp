#include "job/other_node.h"

#include <sys/socket.h>

#include <cstdio>
#include <utility>

#include "channel/node_link.h"
#include "channel/relay.h"
#include "mpi/mpi.h"

namespace launcher {
namespace {

constexpr double kSharePatience = 30;
constexpr double kEndPatience = 5;

}  // namespace

/// One share on its own connection to the first node.
class OtherNode::Share : public ShareSink {
 public:
  Share(Loop* loop, Supervisor* supervisor, const NodeWorld* world, std::shared_ptr<Channel> channel)
      : loop_(loop), supervisor_(supervisor), world_(world), channel_(std::move(channel)) {}

  /// `ended` is called when nothing of it is left to do.
  void Serve(std::function<void()> ended) {
    ended_ = std::move(ended);
    channel_->Listen([this](Frame type, std::string_view payload) { OnFrame(type, payload); }, [this] { OnLost(); });
    channel_->OnDrained([this] {
      if (runner_) runner_->Resume();
    });
  }

  void Output(int task, int stream, std::string_view bytes) override {
    channel_->Send(Frame::kOutput, Packer().Number(task).Number(stream).payload(), bytes);
  }
  void TaskEnded(int task, int wait_status, const Usage& used) override {
    Packer packer;
    PackUsage(used, &packer.Number(task).Number(wait_status));
    channel_->Send(Frame::kTaskEnded, packer.payload());
  }
  void InputTaken(size_t bytes) override {
    channel_->Send(Frame::kStdinTaken, Packer().Number(static_cast<int64_t>(bytes)).payload());
  }
  void ShareEnded() override {
    channel_->Send(Frame::kStepEnded);
    is_over_ = true;
    if (!channel_->is_open()) loop_->Later(ended_);
  }
  bool IsFull() const override { return channel_->is_full(); }

 private:
  void OnFrame(Frame type, std::string_view payload) {
    if (type == Frame::kShare && !runner_) {
      runner_ = std::make_unique<ShareRunner>(loop_, supervisor_, this, StepShare::Unpack(payload), *world_);
    } else if (type == Frame::kUsage && runner_) {
      Packer told;
      runner_->Measure().Pack(&told);
      channel_->Send(Frame::kUsageTold, told.payload());
    } else if (runner_) {
      runner_->OnFrame(type, payload);
    }
  }

  /// The first node closes when it has seen the end; before that it means that the step is lost.
  void OnLost() {
    if (is_over_ || !runner_) return loop_->Later(ended_);
    runner_->Terminate();
    runner_->Resume();
  }

  Loop* loop_;
  Supervisor* supervisor_;
  const NodeWorld* world_;
  std::shared_ptr<Channel> channel_;
  std::unique_ptr<ShareRunner> runner_;
  std::function<void()> ended_;
  bool is_over_ = false;
};

OtherNode::OtherNode(const LaunchSpec& spec, const Place& place, const Environment& own)
    : spec_(spec),
      place_(place),
      supervisor_(&loop_, [this](int signal) { OnSignal(signal); }),
      credentials_{spec.submission, spec.secret},
      directory_(spec, place, own),
      world_(WorldOf(spec, place, own, directory_.path())),
      addresses_{place.first_addresses},
      files_(place.name()) {}

int OtherNode::Run() {
  listener_ = directory_.Listen();
  loop_.WatchRead(listener_.get(), [this] { AcceptLocal(); });
  ConnectToFirstNode(&loop_, credentials_, Peer{"node", place_.node}, &addresses_, kStartPatience,
                     [this](const auto& channel, const std::string& error) { OnConnected(channel, error); });
  loop_.Run();
  return code_;
}

void OtherNode::OnConnected(const std::shared_ptr<Channel>& channel, const std::string& error) {
  if (is_ending_) return;
  if (!channel) {
    std::fprintf(stderr, "launch: error: node %s cannot reach the job's first node %s: %s\n", place_.name().c_str(),
                 place_.names[0].c_str(), error.c_str());
    return End(1, 0);
  }
  first_ = channel;
  first_->Listen([this](Frame type, std::string_view payload) { OnFrame(type, payload); },
                 [this] { End(1, static_cast<double>(spec_.limits.grace)); });
}

void OtherNode::OnFrame(Frame type, std::string_view payload) {
  if (type == Frame::kEndJob) return End(0, static_cast<double>(spec_.limits.grace));
  if (type == Frame::kFileOpen || type == Frame::kFileData || type == Frame::kFileClose) return OnFile(type, payload);
  if (type != Frame::kStartShare) return;
  StartShare(Unpacker(payload).Number());
}

void OtherNode::OnFile(Frame type, std::string_view payload) {
  Unpacker fields(payload);
  const int64_t file = fields.Number();
  const int error = files_.OnFrame(file, type, &fields);
  first_->Send(Frame::kFileDone, Packer().Number(file).Number(error).payload());
}

void OtherNode::StartShare(int64_t key) {
  ConnectToFirstNode(&loop_, credentials_, Peer{"share", key}, &addresses_, kSharePatience,
                     [this](const std::shared_ptr<Channel>& channel, const std::string&) {
                       if (!channel) return End(1, 0);
                       const auto share = std::make_shared<Share>(&loop_, &supervisor_, &world_, channel);
                       shares_.insert(share);
                       share->Serve([this, share] { shares_.erase(share); });
                     });
}

void OtherNode::AcceptLocal() {
  UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (fd && IsOwnUid(fd.get())) Relay(std::move(fd));
}

/// A command on this node speaks to the first node through a connection that launch has opened: it has
/// the secret, the command has none.
void OtherNode::Relay(UniqueFd local) {
  const auto near = std::make_shared<Channel>(&loop_, std::move(local));
  ServeHandshake(&loop_, near, credentials_, true, [this](const std::shared_ptr<Channel>& client, const Peer& peer) {
    client->Pause();  // what it sends next is for the first node
    ConnectToFirstNode(&loop_, credentials_, Peer{peer.kind == "owner" ? "owner" : "client", peer.node}, &addresses_,
                       kSharePatience, [client](const std::shared_ptr<Channel>& far, const std::string&) {
                         far ? PassFrames(client, far) : client->Close();
                       });
  });
}

void OtherNode::OnSignal(int signal) {
  if (signal != SIGTERM && signal != SIGINT) return;
  // The platform ends the job everywhere at once. The first node will say so; leaving before it does
  // would look to it like a failure of this node.
  const auto grace = static_cast<double>(spec_.limits.grace);
  Supervisor::TerminateAll();
  loop_.After(grace + kEndPatience, [this] { End(128 + SIGTERM, 0); });
  if (!first_) End(128 + SIGTERM, grace);
}

void OtherNode::End(int code, double grace) {
  if (is_ending_) return;
  is_ending_ = true;
  code_ = code;
  if (grace > 0) Supervisor::TerminateAll();
  supervisor_.EndAll(grace, [this] { loop_.Stop(); });
}

}  // namespace launcher
