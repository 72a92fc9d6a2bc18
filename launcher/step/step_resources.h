#ifndef LAUNCHER_STEP_STEP_RESOURCES_H_
#define LAUNCHER_STEP_STEP_RESOURCES_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "channel/channel.h"
#include "spec/spec.h"

namespace launcher {

/// What a step holds of one node of its job.
struct NodeHolding {
  std::vector<int> cpus;   ///< numbers among the CPUs that the job has on the node, from 0, ascending
  std::vector<int> gpus;   ///< numbers among the job's GPUs on the node, from 0, ascending: indices of BindingGround::gpus
  int64_t memory_mib = 0;  ///< of those that it has asked for; 0: none asked for

  void Pack(Packer* packer) const;
  static NodeHolding Unpack(Unpacker* fields);
};

constexpr int64_t kUnknownMemory = std::numeric_limits<int64_t>::max();  ///< of a job whose memory nobody has said

/// Which CPUs, GPUs and memory of each node of a job are held by its steps, and which are free.
class StepLedger {
 public:
  explicit StepLedger(const JobFacts& job);

  /// By number of the node within the job: all that the job has there, and what of it no step holds.
  const std::vector<NodeHolding>& everything() const { return everything_; }
  const std::vector<NodeHolding>& free() const { return free_; }

  /// The node has failed: the job has nothing there any more.
  void Lose(int node);

  void Take(int node, const NodeHolding& holding);
  void GiveBack(int node, const NodeHolding& holding);

 private:
  std::vector<NodeHolding> everything_;
  std::vector<NodeHolding> free_;
};

}  // namespace launcher

#endif  // LAUNCHER_STEP_STEP_RESOURCES_H_
