#include "bcast/file_sender.h"

#include <utility>

namespace launcher {
namespace {

/// What goes to the nodes at once; the next piece waits until all have written it.
constexpr size_t kBlock = 1 << 20;

}  // namespace

FileSender::FileSender(Send send, UniqueFd file, const FileHeader& header,
                       const std::vector<std::string>& nodes, Done done)
    : send_(std::move(send)), file_(std::move(file)), done_(std::move(done)) {
  Packer packer;
  header.Pack(&packer);
  packer.Texts(nodes);
  send_(Frame::kFileOpen, packer.payload());
}

void FileSender::SendNext() {
  std::string block(kBlock, '\0');
  ssize_t got;
  do {
    got = read(file_.get(), block.data(), block.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) throw LaunchError(std::string("Can't read the file: ") + std::strerror(errno), 1);
  block.resize(static_cast<size_t>(got));
  if (!block.empty()) return send_(Frame::kFileData, block);
  is_closing_ = true;
  send_(Frame::kFileClose, Packer().Number(1).payload());
}

void FileSender::OnDone(std::string_view payload) {
  if (!is_closing_) return SendNext();  // nodes that failed are left out of the rest
  Unpacker fields(payload);
  NodeErrors errors;
  for (int64_t left = fields.Number(); left > 0; --left) {
    const std::string node = fields.Text();
    errors[node] = static_cast<int>(fields.Number());
  }
  done_(errors);
}

std::vector<std::string> DescribeErrors(const FileSender::NodeErrors& errors) {
  std::vector<std::string> lines;
  for (const auto& [node, error] : errors) lines.push_back("REQUEST_FILE_BCAST(" + node + "): " + std::strerror(error));
  return lines;
}

}  // namespace launcher
