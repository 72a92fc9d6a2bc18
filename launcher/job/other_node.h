#ifndef LAUNCHER_JOB_OTHER_NODE_H_
#define LAUNCHER_JOB_OTHER_NODE_H_

#include <map>
#include <memory>
#include <set>
#include <string>

#include "bcast/file_relay.h"
#include "channel/handshake.h"
#include "channel/node_link.h"
#include "node/runtime_dir.h"
#include "step/share_runner.h"

namespace launcher {

/// The job on any node but the first: serves the shares of steps that the first node asks for, and passes
/// commands that run here on to it.
class OtherNode {
 public:
  OtherNode(const LaunchSpec& spec, const Place& place, const Environment& own);

  /// Until the first node ends the job, or is lost. Returns launch's exit code.
  int Run();

 private:
  class Share;

  void OnConnected(const std::shared_ptr<Channel>& channel, const std::string& error);
  void OnFrame(Frame type, std::string_view payload);
  void OnFile(Frame type, std::string_view payload);
  void StartShare(int64_t key);
  void AcceptLocal();
  void Relay(UniqueFd local);
  void OnSignal(int signal);
  void End(int code, double grace);

  const LaunchSpec& spec_;
  const Place& place_;
  Loop loop_;
  Supervisor supervisor_;
  Credentials credentials_;
  RuntimeDir directory_;
  NodeWorld world_;
  FirstNodeAddresses addresses_;
  UniqueFd listener_;
  std::shared_ptr<Channel> first_;
  FileReceiver files_;
  std::set<std::shared_ptr<Share>> shares_;
  bool is_ending_ = false;
  int code_ = 0;
};

}  // namespace launcher

#endif  // LAUNCHER_JOB_OTHER_NODE_H_
