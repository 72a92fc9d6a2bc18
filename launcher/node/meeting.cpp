#include "node/meeting.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "node/batch_streams.h"
#include "node/nodes.h"
#include "os/fd.h"
#include "text/word_list.h"

namespace launcher {
namespace {

constexpr size_t kMostBytes = 4096;

std::string ReadText(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[kMostBytes];
  const ssize_t got = file ? read(file.get(), text, sizeof text) : 0;
  return std::string(text, got > 0 ? static_cast<size_t>(got) : 0);
}

}  // namespace

Meeting::~Meeting() {
  if (!announced_.empty()) unlink(announced_.c_str());
}

void Meeting::Announce(const std::vector<std::string>& addresses) {
  if (!het_.meeting || !IsShared(*het_.meeting)) return;
  const std::string& path = het_.meeting->path;
  const std::string draft = path + ".new";
  const UniqueFd file(open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file || WriteAll(file.get(), JoinWords(addresses)) != 0 || rename(draft.c_str(), path.c_str()) != 0) {
    std::fprintf(stderr, "launch: warning: cannot write %s: %s\n", path.c_str(), std::strerror(errno));
    return;
  }
  announced_ = path;
}

std::vector<std::string> Meeting::Addresses() const {
  std::vector<std::string> addresses;
  const auto add = [&addresses](const std::string& address) {
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
  };
  if (het_.meeting && IsShared(*het_.meeting)) {
    for (const std::string& word : SplitWords(ReadText(het_.meeting->path))) {
      if (IsAddress(word)) add(word);
    }
  }
  const std::string hosts_file = het_.hosts.empty() ? std::string() : ReadHostView().hosts_file;
  for (const std::string& host : het_.hosts) {
    if (IsAddress(host)) {
      add(host);
    } else if (const auto address = AddressFromHosts(hosts_file, host)) {
      add(*address);
    }
  }
  return addresses;
}

}  // namespace launcher
