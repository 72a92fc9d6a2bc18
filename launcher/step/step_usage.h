#ifndef LAUNCHER_STEP_STEP_USAGE_H_
#define LAUNCHER_STEP_STEP_USAGE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "channel/channel.h"
#include "os/process_tree.h"
#include "os/usage.h"

namespace launcher {

/// Milliseconds of CPU time, of these the system's, bytes resident and of addresses, page faults, bytes read and written.
void PackUsage(const Usage& usage, Packer* packer);
Usage UnpackUsageOfTask(Unpacker* fields);

struct TaskUsage {
  int task = 0;
  Usage usage;
};

/// What one node's tasks of one step have used so far.
struct ShareUsage {
  std::string node;
  std::vector<int> processes;  ///< of all its tasks
  std::vector<TaskUsage> tasks;

  /// Measures a task by the process that it is and those below.
  void Measure(int task, pid_t pid, const ProcessTree& tree);

  void Pack(Packer* packer) const;
  static ShareUsage Unpack(Unpacker* fields);
};

/// One client's question what the job's steps have used. Whoever has been asked for an answer holds it; when the last of
/// them lets go of it, with an answer or because there will be none, it is answered.
class UsageQuery {
 public:
  explicit UsageQuery(std::shared_ptr<Channel> client) : client_(std::move(client)) {}
  UsageQuery(const UsageQuery&) = delete;
  UsageQuery& operator=(const UsageQuery&) = delete;
  ~UsageQuery();

  void Add(int64_t step, const ShareUsage& share);

 private:
  std::shared_ptr<Channel> client_;
  int64_t count_ = 0;
  Packer shares_;
};

/// The answer, as the client reads it: each share with its step.
std::vector<std::pair<int64_t, ShareUsage>> UnpackUsage(std::string_view payload);

}  // namespace launcher

#endif  // LAUNCHER_STEP_STEP_USAGE_H_
