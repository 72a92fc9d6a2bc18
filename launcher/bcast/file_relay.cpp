#include "bcast/file_relay.h"

#include <algorithm>
#include <utility>

namespace launcher {
int FileReceiver::OnFrame(int64_t number, Frame type, Unpacker* fields) {
  if (type == Frame::kFileOpen) {
    auto file = std::make_unique<IncomingFile>(FileHeader::Unpack(fields), node_name_);
    if (const int error = file->Open()) return error;
    files_[number] = std::move(file);
    return 0;
  }
  const auto found = files_.find(number);
  if (found == files_.end()) return EBADF;
  int error = 0;
  if (type == Frame::kFileData) {
    error = found->second->Write(fields->Rest());
  } else if (fields->Number() != 0) {
    error = found->second->Finish();
  }
  if (error != 0 || type == Frame::kFileClose) files_.erase(found);
  return error;
}

FileRelay::FileRelay(const Place& place, SendToNode send) : place_(place), send_(std::move(send)), own_(place.name()) {}

bool FileRelay::OnClientFrame(const std::shared_ptr<Channel>& client, Frame type, std::string_view payload) {
  if (type != Frame::kFileOpen && type != Frame::kFileData && type != Frame::kFileClose) return false;
  if (type == Frame::kFileOpen) {
    Open(client, payload);
    return true;
  }
  const auto found = files_.find(client.get());
  if (found == files_.end()) throw BadFrame("channel: a file that is not open");
  File* file = &found->second;
  if (!file->waiting.empty()) throw BadFrame("channel: a file goes on before all nodes have answered");
  file->is_last = type == Frame::kFileClose;
  Pass(file, type, std::string(payload));
  return true;
}

std::optional<std::set<int>> FileRelay::Numbers(const std::vector<std::string>& names) const {
  std::set<int> numbers;
  for (size_t i = 0; i < place_.names.size(); ++i) {
    const bool is_meant = names.empty() || std::find(names.begin(), names.end(), place_.names[i]) != names.end();
    if (is_meant) numbers.insert(static_cast<int>(i));
  }
  if (!names.empty() && numbers.size() != names.size()) return std::nullopt;
  return numbers;
}

void FileRelay::Open(const std::shared_ptr<Channel>& client, std::string_view payload) {
  Unpacker fields(payload);
  const FileHeader header = FileHeader::Unpack(&fields);
  const std::optional<std::set<int>> nodes = Numbers(fields.Texts());
  if (!nodes || files_.count(client.get()) > 0) throw BadFrame("channel: a file for no node of the job");
  File* file = &files_[client.get()];
  file->number = next_++;
  file->client = client;
  file->nodes = *nodes;
  Packer packer;
  header.Pack(&packer);
  Pass(file, Frame::kFileOpen, packer.payload());
}

void FileRelay::Pass(File* file, Frame type, const std::string& payload) {
  file->waiting = file->nodes;
  const std::set<int> nodes = file->nodes;
  const std::string numbered = Packer().Number(file->number).Rest(payload);
  for (const int node : nodes) {
    if (node != place_.node) send_(node, type, numbered);
  }
  if (nodes.count(place_.node) > 0) {
    Unpacker fields(payload);
    return Answered(file, place_.node, own_.OnFrame(file->number, type, &fields));
  }
  if (nodes.empty()) Answered(file, -1, 0);
}

void FileRelay::Answered(File* file, int node, int error) {
  file->waiting.erase(node);
  if (error != 0) {
    file->errors[node] = error;
    file->nodes.erase(node);
  }
  if (!file->waiting.empty()) return;
  Packer packer;
  packer.Number(static_cast<int64_t>(file->errors.size()));
  for (const auto& [failed, why] : file->errors) packer.Text(place_.names[static_cast<size_t>(failed)]).Number(why);
  const std::shared_ptr<Channel> client = file->client;
  if (file->is_last) files_.erase(client.get());
  client->Send(Frame::kFileDone, packer.payload());
}

void FileRelay::OnNodeFrame(int node, std::string_view payload) {
  Unpacker fields(payload);
  const int64_t number = fields.Number();
  const int error = static_cast<int>(fields.Number());
  for (auto& [client, file] : files_) {
    if (file.number == number && file.waiting.count(node) > 0) return Answered(&file, node, error);
  }
}

void FileRelay::NodeLost(int node) {
  std::vector<File*> touched;
  for (auto& [client, file] : files_) {
    if (file.nodes.count(node) > 0) touched.push_back(&file);
  }
  for (File* file : touched) {
    if (file->waiting.count(node) > 0) {
      Answered(file, node, EHOSTDOWN);
    } else {
      file->errors[node] = EHOSTDOWN;
      file->nodes.erase(node);
    }
  }
}

void FileRelay::ClientLost(const Channel* client) {
  const auto found = files_.find(client);
  if (found == files_.end()) return;
  const File file = std::move(found->second);
  files_.erase(found);
  const std::string forget = Packer().Number(0).payload();
  for (const int node : file.nodes) {
    if (node == place_.node) {
      Unpacker fields(forget);
      own_.OnFrame(file.number, Frame::kFileClose, &fields);
    } else {
      send_(node, Frame::kFileClose, Packer().Number(file.number).Rest(forget));
    }
  }
}

}  // namespace launcher
