#include "spec/carrier.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>

#include "os/fd.h"
#include "text/base64.h"
#include "text/error.h"
#include "text/hex.h"
#include "text/sha256.h"

namespace launcher {
namespace {

constexpr size_t kMaxPart = 65536;
constexpr off_t kMaxFile = 64 << 20;
// 64 MiB of JSON in base64 are not more than this many full parts; the kernel's limit of argv comes
// long before.
constexpr size_t kMaxParts = 65536;

constexpr std::string_view kPartPrefix = "--spec-part-";

[[noreturn]] void Refuse(const std::string& message) { throw LaunchError(message, kExitConfig); }

/// The name that protocol version 1 uses for a flag of the older launcher; others stay.
std::string NewName(const std::string& name, bool* is_old) {
  constexpr std::string_view kOldPart = "--spec-chunk-";
  std::string renamed = name;
  if (name == "--spec-num-chunks") {
    renamed = "--spec-num-parts";
  } else if (name == "--spec-sha256sum") {
    renamed = "--spec-sha256";
  } else if (name.compare(0, kOldPart.size(), kOldPart) == 0) {
    renamed = std::string(kPartPrefix) + name.substr(kOldPart.size());
  }
  if (renamed != name) *is_old = true;
  return renamed;
}

/// A number without sign, blank or leading zero, below `limit`.
std::optional<size_t> ReadCount(std::string_view digits, size_t limit) {
  if (digits.empty() || digits.size() > 9 || (digits.size() > 1 && digits[0] == '0')) {
    return std::nullopt;
  }
  size_t number = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + static_cast<size_t>(digit - '0');
  }
  if (number >= limit) return std::nullopt;
  return number;
}

/// The flags by their new names, as they came in.
class Flags {
 public:
  explicit Flags(const std::vector<std::string>& words) {
    for (size_t i = 0; i < words.size(); ++i) {
      const size_t equals = words[i].find('=');
      const std::string given = words[i].substr(0, equals);
      const std::string name = NewName(given, &has_old_names_);
      if (!IsKnown(name)) Refuse(Printable(given) + ": not a flag of launch");
      std::string value;
      if (equals != std::string::npos) {
        value = words[i].substr(equals + 1);
      } else if (++i < words.size()) {
        value = words[i];
      } else {
        Refuse(given + " has no value");
      }
      if (!values_.emplace(name, std::move(value)).second) Refuse(given + " is given twice");
    }
  }

  bool has_old_names() const { return has_old_names_; }
  const std::map<std::string, std::string>& values() const { return values_; }

  const std::string* Find(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
  }

  bool HasParts() const {
    if (Find("--spec-num-parts")) return true;
    const auto first = values_.lower_bound(std::string(kPartPrefix));
    return first != values_.end() && IsPart(first->first);
  }

  static bool IsPart(const std::string& name) {
    return name.compare(0, kPartPrefix.size(), kPartPrefix) == 0;
  }

 private:
  static bool IsKnown(const std::string& name) {
    return name == "--spec-version" || name == "--spec-num-parts" || name == "--spec-sha256" ||
           name == "--spec-file" || IsPart(name);
  }

  std::map<std::string, std::string> values_;
  bool has_old_names_ = false;
};

int ReadVersion(const Flags& flags) {
  const std::string* text = flags.Find("--spec-version");
  if (!text && flags.has_old_names()) return 0;
  if (!text) Refuse("--spec-version is missing");
  if (*text == "1") return 1;
  if (*text == "0" && flags.has_old_names()) return 0;
  Refuse("--spec-version=" + Printable(*text) + ": this launch reads version 1");
}

std::string JoinParts(const Flags& flags) {
  const std::string* count_text = flags.Find("--spec-num-parts");
  if (!count_text) Refuse("--spec-num-parts is missing");
  const auto count = ReadCount(*count_text, kMaxParts);
  if (!count || *count == 0) {
    Refuse("--spec-num-parts=" + Printable(*count_text) + ": not a number of parts");
  }
  std::vector<const std::string*> parts(*count, nullptr);
  for (const auto& [name, value] : flags.values()) {
    if (!Flags::IsPart(name)) continue;
    const auto index = ReadCount(std::string_view(name).substr(kPartPrefix.size()), SIZE_MAX);
    if (!index) Refuse(Printable(name) + ": not a part number");
    if (*index >= *count) Refuse(name + " is out of range: there are " + *count_text + " parts");
    if (value.size() > kMaxPart) {
      Refuse(name + " is longer than " + std::to_string(kMaxPart) + " characters");
    }
    parts[*index] = &value;
  }
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i]) Refuse(std::string(kPartPrefix) + std::to_string(i) + " is missing");
    text += *parts[i];
  }
  const auto json = DecodeBase64(text);
  if (!json) Refuse("the specification's parts are not base64");
  return *json;
}

std::string ReadSpecFile(const std::string& path) {
  const std::string name = "--spec-file=" + Printable(path);
  if (path.empty() || path[0] != '/') Refuse(name + ": not an absolute path");
  // Without O_NONBLOCK a pipe of that name would hold us here.
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status;
  if (!fd || fstat(fd.get(), &status) != 0) Refuse(name + ": " + std::strerror(errno));
  if (!S_ISREG(status.st_mode)) Refuse(name + ": not a regular file");
  if (status.st_size > kMaxFile) Refuse(name + ": larger than 64 MiB");
  std::string json(static_cast<size_t>(status.st_size), '\0');
  size_t done = 0;
  while (done < json.size()) {
    const ssize_t count = read(fd.get(), json.data() + done, json.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) Refuse(name + ": " + std::strerror(errno));
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  json.resize(done);
  return json;
}

void CompareChecksum(const Flags& flags, int version, const std::string& json) {
  const std::string* expected = flags.Find("--spec-sha256");
  if (!expected) {
    if (version == 0) return;
    Refuse("--spec-sha256 is missing");
  }
  const auto digest = FromHex(*expected);
  if (!digest || digest->size() != 32) {
    Refuse("--spec-sha256=" + Printable(*expected) + ": not 64 hexadecimal digits");
  }
  if (Sha256(json) != *digest) {
    Refuse(
        "the specification's checksum is not the one in --spec-sha256: it was damaged on its way");
  }
}

}  // namespace

Carried ReadCarrier(const std::vector<std::string>& words) {
  const Flags flags(words);
  if (flags.values().empty()) Refuse("no job specification: --spec-version is missing");
  Carried carried;
  carried.version = ReadVersion(flags);
  const std::string* file = flags.Find("--spec-file");
  if (file && flags.HasParts()) Refuse("--spec-file and parts exclude each other");
  carried.json = file ? ReadSpecFile(*file) : JoinParts(flags);
  CompareChecksum(flags, carried.version, carried.json);
  return carried;
}

std::string Printable(std::string_view text) {
  constexpr size_t kMax = 300;
  std::string shown;
  for (const char c : text.substr(0, kMax)) shown += c >= ' ' && c <= '~' ? c : '?';
  if (text.size() > kMax) shown += "...";
  return shown;
}

}  // namespace launcher
