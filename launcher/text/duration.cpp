#include "text/duration.h"

#include <strings.h>

#include <vector>

namespace launcher {
namespace {

/// The numbers between colons; nothing where there is something else, or more than `most`.
std::optional<std::vector<int64_t>> Numbers(const std::string& text, size_t most) {
  std::vector<int64_t> numbers;
  for (size_t at = 0; at <= text.size();) {
    const size_t colon = std::min(text.find(':', at), text.size());
    const std::string part = text.substr(at, colon - at);
    if (part.empty() || part.size() > 9 || part.find_first_not_of("0123456789") != part.npos) return std::nullopt;
    numbers.push_back(std::stoll(part));
    at = colon + 1;
  }
  if (numbers.size() > most) return std::nullopt;
  return numbers;
}

}  // namespace

std::optional<int64_t> ParseTimeLimit(const std::string& text) {
  for (const char* none : {"-1", "unlimited", "infinite"}) {
    if (strcasecmp(text.c_str(), none) == 0) return 0;
  }
  const size_t dash = text.find('-');
  int64_t days = 0;
  std::optional<std::vector<int64_t>> rest = Numbers(text.substr(dash == text.npos ? 0 : dash + 1), 3);
  if (!rest) return std::nullopt;
  if (dash == text.npos) {
    // "90" and "90:30" begin with minutes, "1:30:00" with hours.
    if (rest->size() < 3) rest->insert(rest->begin(), 0);
  } else {
    const std::optional<std::vector<int64_t>> first = Numbers(text.substr(0, dash), 1);
    if (!first) return std::nullopt;
    days = first->front();
  }
  rest->resize(3, 0);
  const int64_t seconds = ((days * 24 + rest->at(0)) * 60 + rest->at(1)) * 60 + rest->at(2);
  return (seconds + 59) / 60 * 60;
}

}  // namespace launcher
