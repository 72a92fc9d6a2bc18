#ifndef LAUNCHER_JOB_HET_SIDE_H_
#define LAUNCHER_JOB_HET_SIDE_H_

#include <functional>
#include <memory>
#include <string>

#include "channel/handshake.h"
#include "node/nodes.h"
#include "node/report.h"
#include "os/env.h"
#include "spec/spec.h"

namespace launcher {

/// What the first node of a component has to do with the other components of its heterogeneous job. They are platform jobs of their
/// own, whose first nodes each have one control connection to that of the leader, component 0; a client of one component gets to
/// another by the leader.
class HetSide {
 public:
  struct Hooks {
    std::function<void()> begin;  ///< all components are there: the job starts
    /// The job is over. `why`: as Cancel takes it.
    std::function<void(const Outcome& outcome, const std::string& why)> end;
    std::function<void(const std::shared_ptr<Channel>&)> client;  ///< of another component, which wants something of this one
  };

  virtual ~HetSide() = default;

  /// Looks for the others, for as long as the specification says.
  virtual void Start() = 0;

  /// Somebody has connected who is of another component, or wants one. `peer` is none that an ordinary job knows.
  virtual void OnPeer(const std::shared_ptr<Channel>& channel, const Peer& peer) = 0;

  /// This component's job is over.
  virtual void EndJob(const Outcome& outcome, const std::string& why) = 0;

  /// Those that have to connect to this component have, or are given up; and none of them is connected any more.
  virtual bool have_all_come() const = 0;
  virtual bool is_empty() const = 0;

  /// What the script is told of all components; complete when the job begins.
  virtual Environment Variables() const = 0;
};

/// The leader's side or another component's; nothing for an ordinary job. All must outlive it.
std::unique_ptr<HetSide> MakeHetSide(Loop* loop, const LaunchSpec& spec, const Place& place, const Environment& job_environment,
                                     HetSide::Hooks hooks);

/// A client says which component it wants: 0 that of the launch it connects to, else the number of the component and one.
bool IsForOther(const Peer& peer, const HetFacts& het);

/// The end of a job whose components have lost each other, as under Slurm when a node fails.
Outcome NodeFailure();

/// The end of a component, as END_JOB carries it.
std::string PackEnd(const Outcome& outcome, const std::string& why);
struct ComponentEnd {
  Outcome outcome;
  std::string why;
};
ComponentEnd UnpackEnd(std::string_view payload);

}  // namespace launcher

#endif  // LAUNCHER_JOB_HET_SIDE_H_
