#ifndef LAUNCHER_JOB_HET_COMPONENT_H_
#define LAUNCHER_JOB_HET_COMPONENT_H_

#include <memory>
#include <string>

#include "channel/node_link.h"
#include "job/het_side.h"
#include "node/meeting.h"

namespace launcher {

/// The side of every component but the leader: it holds its nodes for the leader, and ends with it.
class HetComponent : public HetSide {
 public:
  HetComponent(Loop* loop, const LaunchSpec& spec, const Environment& job_environment, Hooks hooks);
  HetComponent(const HetComponent&) = delete;
  HetComponent& operator=(const HetComponent&) = delete;

  void Start() override;
  /// Clients for other components: the leader knows the way.
  void OnPeer(const std::shared_ptr<Channel>& channel, const Peer& peer) override;
  void EndJob(const Outcome& outcome, const std::string& why) override;
  bool have_all_come() const override { return true; }
  bool is_empty() const override { return true; }
  Environment Variables() const override { return {}; }

 private:
  void Search();
  void OnConnected(const std::shared_ptr<Channel>& leader);
  void OnFrame(Frame type, std::string_view payload);
  void StartRelay(int64_t key);
  void Fail(const std::string& why);

  Loop* loop_;
  const HetFacts& het_;
  Credentials credentials_;  ///< the leader's
  Environment job_environment_;
  Hooks hooks_;
  Meeting meeting_;
  FirstNodeAddresses addresses_;
  int64_t until_ms_ = 0;  ///< the search may last
  std::shared_ptr<Channel> leader_;
  bool is_ending_ = false;
};

}  // namespace launcher

#endif  // LAUNCHER_JOB_HET_COMPONENT_H_
