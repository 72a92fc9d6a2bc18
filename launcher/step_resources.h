#ifndef LAUNCHER_STEP_RESOURCES_H_
#define LAUNCHER_STEP_RESOURCES_H_

#include <cstdint>
#include <vector>

#include "channel.h"

namespace launcher {

/// What a step holds of one node of its job.
struct NodeHolding {
  std::vector<int> cpus;   ///< numbers among the CPUs that the job has on the node, from 0, ascending
  std::vector<int> gpus;   ///< numbers among the job's GPUs on the node, from 0, ascending: indices of BindingGround::gpus
  int64_t memory_mib = 0;  ///< 0: all that the job has there

  void Pack(Packer* packer) const;
  static NodeHolding Unpack(Unpacker* fields);
};

/// All CPUs and GPUs of a node of the job.
NodeHolding WholeNode(int cpus, int gpus);

}  // namespace launcher

#endif  // LAUNCHER_STEP_RESOURCES_H_
