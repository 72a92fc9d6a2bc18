#include "step/step_values.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "text/error.h"
#include "text/hostlist.h"

namespace launcher {
namespace {

constexpr int kUsageExit = 255;
constexpr size_t kMostDigits = 9;

std::optional<int> ReadDigits(const std::string& text) {
  if (text.empty() || text.size() > kMostDigits || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  return std::stoi(text);
}

std::vector<std::string> Split(const std::string& text, char mark) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, mark);) parts.push_back(part);
  return parts;
}

int ReadNodeCount(const std::string& text) {
  const std::optional<int> count = ReadDigits(text);
  if (!count || *count < 1) throw LaunchError("\"" + text + "\" is not a valid node count", kUsageExit);
  return *count;
}

}  // namespace

std::optional<int64_t> ReadMemoryMib(const std::string& text) {
  const size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<int> number = ReadDigits(text.substr(0, end));
  if (!number) return std::nullopt;
  std::string unit = text.substr(end);
  for (char& letter : unit) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  if (!unit.empty() && unit.size() <= 2 && (unit.size() == 1 || unit[1] == 'B')) {
    if (unit[0] == 'K') return (*number + 1023) / 1024;
    if (unit[0] == 'M') return *number;
    if (unit[0] == 'G') return int64_t{*number} << 10;
    if (unit[0] == 'T') return int64_t{*number} << 20;
  }
  if (!unit.empty()) return std::nullopt;
  return *number;
}

std::optional<int> ReadGpus(const std::string& text) {
  int total = 0;
  const std::vector<std::string> items = Split(text, ',');
  if (items.empty()) return std::nullopt;
  for (const std::string& item : items) {
    const size_t colon = item.find(':');
    const std::optional<int> count = ReadDigits(colon == item.npos ? item : item.substr(colon + 1));
    if (!count || colon == 0) return std::nullopt;
    total += *count;
  }
  return total;
}

std::optional<int> ReadGres(const std::string& text) {
  if (text == "none" || text == "NONE") return 0;
  int total = 0;
  const std::vector<std::string> items = Split(text, ',');
  if (items.empty()) return std::nullopt;
  for (const std::string& item : items) {
    if (item == "gpu") {
      ++total;
      continue;
    }
    if (item.rfind("gpu:", 0) != 0) return std::nullopt;
    const std::optional<int> count = ReadGpus(item.substr(4));
    if (!count) return std::nullopt;
    total += *count;
  }
  return total;
}

NodeRange ReadNodeRange(const std::string& text) {
  const size_t dash = text.find('-');
  NodeRange range;
  range.least = ReadNodeCount(text.substr(0, dash));
  if (dash == text.npos) {
    range.most = range.least;
    return range;
  }
  const std::string most = text.substr(dash + 1);
  range.most = most.empty() ? -1 : ReadNodeCount(most);
  if (range.most < range.least) {
    throw LaunchError("Maximum node count " + std::to_string(range.most) + " is less than minimum node count " +
                          std::to_string(range.least),
                      kUsageExit);
  }
  return range;
}

std::vector<std::string> ReadHostFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    throw LaunchError("slurm_allocate_resources error opening file " + path + ", " + std::strerror(errno), 1);
  }
  std::vector<std::string> names;
  for (std::string word; file >> word;) {
    const std::vector<std::string> hosts = ExpandHosts(word);
    names.insert(names.end(), hosts.begin(), hosts.end());
  }
  if (names.empty()) throw LaunchError("Hostlist is empty!", 1);
  return names;
}

}  // namespace launcher
