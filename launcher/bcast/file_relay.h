#ifndef LAUNCHER_BCAST_FILE_RELAY_H_
#define LAUNCHER_BCAST_FILE_RELAY_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "bcast/incoming_file.h"
#include "node/nodes.h"

namespace launcher {

/// Files as they come to one node: writes those that FILE_OPEN, FILE_DATA and FILE_CLOSE of docs/protocol.md bring.
class FileReceiver {
 public:
  explicit FileReceiver(std::string node_name) : node_name_(std::move(node_name)) {}

  /// Does what the frame says of file number `file`, whose fields are next. Returns 0 or an errno.
  int OnFrame(int64_t file, Frame type, Unpacker* fields);

 private:
  std::string node_name_;
  std::map<int64_t, std::unique_ptr<IncomingFile>> files_;
};

/// Files that clients send to the job's nodes, on the first of them: each frame goes to all nodes of the file, and is
/// answered when all have done what it says.
class FileRelay {
 public:
  /// Has a frame sent to another node.
  using SendToNode = std::function<void(int node, Frame type, const std::string& payload)>;

  FileRelay(const Place& place, SendToNode send);

  /// A frame from a client. False: it is none about files.
  bool OnClientFrame(const std::shared_ptr<Channel>& client, Frame type, std::string_view payload);
  /// FILE_DONE of another node.
  void OnNodeFrame(int node, std::string_view payload);
  void NodeLost(int node);
  /// What a client that has gone did not finish is forgotten.
  void ClientLost(const Channel* client);

 private:
  struct File {
    int64_t number;
    std::shared_ptr<Channel> client;
    std::set<int> nodes;              ///< that still take part
    std::set<int> waiting;            ///< that have not answered yet
    std::map<int, int> errors;        ///< errno by node
    bool is_last = false;             ///< the frame on its way is FILE_CLOSE
  };

  void Open(const std::shared_ptr<Channel>& client, std::string_view payload);
  void Pass(File* file, Frame type, const std::string& payload);
  void Answered(File* file, int node, int error);
  std::optional<std::set<int>> Numbers(const std::vector<std::string>& names) const;

  const Place& place_;
  SendToNode send_;
  FileReceiver own_;
  std::map<const Channel*, File> files_;  ///< a client sends one at a time
  int64_t next_ = 1;
};

}  // namespace launcher

#endif  // LAUNCHER_BCAST_FILE_RELAY_H_
