#ifndef LAUNCHER_BCAST_FILE_SENDER_H_
#define LAUNCHER_BCAST_FILE_SENDER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bcast/incoming_file.h"

namespace launcher {

/// Sends one file to nodes of the job, as a client of its first node.
class FileSender {
 public:
  using NodeErrors = std::map<std::string, int>;  ///< errno by node
  using Done = std::function<void(const NodeErrors& errors)>;

  /// To `nodes`, or to all of the job where that is empty. The owner passes FILE_DONE frames to OnDone; `done` is called
  /// once, with the nodes that do not have the file.
  using Send = std::function<void(Frame type, std::string_view payload)>;
  FileSender(Send send, UniqueFd file, const FileHeader& header,
             const std::vector<std::string>& nodes, Done done);

  void OnDone(std::string_view payload);

 private:
  void SendNext();

  Send send_;
  UniqueFd file_;
  Done done_;
  bool is_closing_ = false;
};

/// How the errors of nodes are said: "REQUEST_FILE_BCAST(n1): File exists", a line each.
std::vector<std::string> DescribeErrors(const FileSender::NodeErrors& errors);

}  // namespace launcher

#endif  // LAUNCHER_BCAST_FILE_SENDER_H_
