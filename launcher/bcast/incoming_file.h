#ifndef LAUNCHER_BCAST_INCOMING_FILE_H_
#define LAUNCHER_BCAST_INCOMING_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "channel/channel.h"
#include "os/fd.h"

namespace launcher {

/// What a file that is sent to nodes is to become there.
struct FileHeader {
  std::string path;         ///< absolute
  int mode = 0644;
  bool is_per_node = false; ///< `_` and the node's name come behind the path
  bool replace = false;     ///< one that is there gives way
  int64_t accessed = -1;    ///< unix seconds; -1: when it comes
  int64_t modified = -1;

  void Pack(Packer* packer) const;
  static FileHeader Unpack(Unpacker* fields);
};

/// A file that comes in pieces. It gets its name with its last piece: who finds the name finds the whole file. One that
/// never ends leaves nothing.
class IncomingFile {
 public:
  IncomingFile(const FileHeader& header, const std::string& node_name);
  IncomingFile(const IncomingFile&) = delete;
  IncomingFile& operator=(const IncomingFile&) = delete;
  ~IncomingFile();

  // These return 0 or an errno. After an error there is nothing more to do.
  int Open();
  int Write(std::string_view bytes);
  int Finish();

 private:
  int Fail(int error);

  FileHeader header_;
  std::string path_;
  std::string partial_;  ///< its name until then; empty: none
  UniqueFd fd_;
};

}  // namespace launcher

#endif  // LAUNCHER_BCAST_INCOMING_FILE_H_
