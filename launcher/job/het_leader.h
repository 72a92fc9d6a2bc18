#ifndef LAUNCHER_JOB_HET_LEADER_H_
#define LAUNCHER_JOB_HET_LEADER_H_

#include <map>
#include <memory>
#include <vector>

#include "job/het_side.h"
#include "node/meeting.h"

namespace launcher {

/// The leader's side: knows all other components, tells them when the job begins and ends, and brings clients to them.
class HetLeader : public HetSide {
 public:
  HetLeader(Loop* loop, const LaunchSpec& spec, const Place& place, const Environment& job_environment, Hooks hooks);
  HetLeader(const HetLeader&) = delete;
  HetLeader& operator=(const HetLeader&) = delete;

  void Start() override;
  void OnPeer(const std::shared_ptr<Channel>& channel, const Peer& peer) override;
  void EndJob(const Outcome& outcome, const std::string& why) override;
  bool have_all_come() const override;
  bool is_empty() const override;
  Environment Variables() const override;

 private:
  /// A component besides this one.
  struct Component {
    std::shared_ptr<Channel> channel;  ///< none: not there yet, or gone
    Environment environment;           ///< of its job
    bool has_come = false;
    bool has_ended = false;
    bool is_missed = false;  ///< it has not come in time
  };

  void Join(int64_t offset, const std::shared_ptr<Channel>& channel);
  void OnFrame(int offset, Frame type, std::string_view payload);
  void OnLost(int offset);
  void Miss();
  void BringClient(int64_t offset, const std::shared_ptr<Channel>& client);
  void OnRelay(int64_t key, const std::shared_ptr<Channel>& channel);

  Loop* loop_;
  const HetFacts& het_;
  const Place& place_;
  Hooks hooks_;
  Meeting meeting_;
  std::map<int, Component> components_;  ///< by offset, this one included
  std::map<int64_t, std::shared_ptr<Channel>> waiting_;  ///< clients to whom a component is connecting, by key
  int64_t next_key_ = 1;
  std::string end_;  ///< END_JOB's payload, once the job is over
};

}  // namespace launcher

#endif  // LAUNCHER_JOB_HET_LEADER_H_
