#include "node/nodes.h"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "os/fd.h"
#include "text/error.h"

namespace launcher {
namespace {

constexpr int kMaxNodes = 65536;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::optional<int> ReadNumber(std::string_view digits) {
  if (digits.empty() || digits.size() > 9 || !std::all_of(digits.begin(), digits.end(), IsDigit)) {
    return std::nullopt;
  }
  int number = 0;
  for (const char digit : digits) number = number * 10 + (digit - '0');
  return number;
}

std::vector<std::string_view> Split(std::string_view text, char mark) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const size_t end = text.find(mark);
    pieces.push_back(text.substr(0, end));
    if (end == text.npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

/// The entries of a node regex: split at commas, but not at those inside brackets.
std::vector<std::string_view> SplitEntries(std::string_view regex) {
  std::vector<std::string_view> entries;
  size_t start = 0;
  bool inside = false;
  for (size_t i = 0; i < regex.size(); ++i) {
    if (regex[i] == '[' || regex[i] == ']') inside = regex[i] == '[';
    if (regex[i] != ',' || inside) continue;
    entries.push_back(regex.substr(start, i - start));
    start = i + 1;
  }
  entries.push_back(regex.substr(start));
  return entries;
}

/// Appends the names of one entry, `prefix[digits:0-2,7]suffix` or a plain name.
bool ExpandEntry(std::string_view entry, std::vector<std::string>* names) {
  const size_t open = entry.find('[');
  if (open == entry.npos) {
    names->emplace_back(entry);
    return !entry.empty();
  }
  const size_t close = entry.find(']', open);
  const size_t colon = entry.find(':', open);
  if (close == entry.npos || colon == entry.npos || colon > close) return false;
  const auto width = ReadNumber(entry.substr(open + 1, colon - open - 1));
  if (!width) return false;
  for (const std::string_view range : Split(entry.substr(colon + 1, close - colon - 1), ',')) {
    const size_t dash = range.find('-');
    const auto first = ReadNumber(range.substr(0, dash));
    const auto last = dash == range.npos ? first : ReadNumber(range.substr(dash + 1));
    if (!first || !last || *last < *first || *last - *first >= kMaxNodes) return false;
    for (int number = *first; number <= *last; ++number) {
      std::string digits = std::to_string(number);
      if (digits.size() < static_cast<size_t>(*width)) {
        digits.insert(0, static_cast<size_t>(*width) - digits.size(), '0');
      }
      names->push_back(std::string(entry.substr(0, open)) + digits +
                       std::string(entry.substr(close + 1)));
    }
  }
  return true;
}

std::string ReadWholeFile(const char* path) {
  const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t count = read(fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(buffer, static_cast<size_t>(count));
  }
}

/// A number that mpirun gives each process; `fallback` without mpirun.
int EnvironmentNumber(const Environment& own, const char* name, int fallback) {
  const std::string* text = own.Find(name);
  if (!text) return fallback;
  const auto number = ReadNumber(*text);
  if (!number) throw LaunchError(std::string(name) + ": not a number", kExitConfig);
  return *number;
}

/// mpirun's names; where they are those of the naming rule, in the rule's order. mpirun may have been given the hosts
/// in any, and the login side, and Slurm's node lists, go by the rule.
std::optional<std::vector<std::string>> NamesFromMpirun(std::string_view regex, const std::string& own_name) {
  auto names = NamesFromRegex(regex);
  if (!names) return std::nullopt;
  for (std::string& name : *names) name = ShortName(name);
  auto ruled = NamesFromRule(own_name, static_cast<int>(names->size()));
  if (ruled && std::is_permutation(ruled->begin(), ruled->end(), names->begin(), names->end())) return ruled;
  return names;
}

/// What a finder of names may use.
struct Clues {
  const Environment& own;
  const std::string& own_name;
  int nodes;  ///< as many names are wanted; 0: not known
};

using NameFinder = std::optional<std::vector<std::string>> (*)(const Clues&);

// In order of trust. The first that knows the right number of names wins.
constexpr NameFinder kNameFinders[] = {
    [](const Clues& clues) { return NamesFromMpirun(clues.own.Get("OMPI_MCA_orte_node_regex"), clues.own_name); },
    [](const Clues& clues) { return NamesFromRule(clues.own_name, clues.nodes); },
    [](const Clues& clues) -> std::optional<std::vector<std::string>> {
      if (clues.nodes > 1) return std::nullopt;
      return std::vector<std::string>{clues.own_name};
    }};

std::vector<std::string> FindNames(const Clues& clues) {
  for (const NameFinder find : kNameFinders) {
    auto names = find(clues);
    if (!names || (clues.nodes > 0 && names->size() != static_cast<size_t>(clues.nodes))) continue;
    for (std::string& name : *names) name = ShortName(name);
    return *names;
  }
  throw LaunchError("cannot find the names of the job's " + std::to_string(clues.nodes) +
                        " nodes: OMPI_MCA_orte_node_regex does not tell them",
                    kExitConfig);
}

std::vector<std::string> FindFirstAddresses(const Environment& own, const HostView& host,
                                            const std::string& first_name) {
  std::vector<std::string> addresses = AddressesFromUri(own.Get("OMPI_MCA_orte_hnp_uri"));
  const auto add = [&](const std::string& address) {
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
      addresses.push_back(address);
    }
  };
  if (const auto address = AddressFromHosts(host.hosts_file, first_name)) add(*address);
  if (IsAddress(first_name)) add(first_name);
  return addresses;
}

}  // namespace

HostView ReadHostView() {
  utsname system;
  if (uname(&system) != 0) throw LaunchError("cannot read the host name", 1);
  return {system.nodename, ReadWholeFile("/etc/hosts")};
}

Place FindPlace(const Environment& own, const HostView& host, int nodes) {
  Place place;
  place.rank = EnvironmentNumber(own, "OMPI_COMM_WORLD_RANK", 0);
  place.size = EnvironmentNumber(own, "OMPI_COMM_WORLD_SIZE", 1);
  if (nodes > 0 && place.size != nodes) {
    throw LaunchError("the job has " + std::to_string(nodes) + " nodes, but launch was started " +
                          std::to_string(place.size) + " times",
                      kExitConfig);
  }
  if (place.rank >= place.size) {
    throw LaunchError("OMPI_COMM_WORLD_RANK is not below OMPI_COMM_WORLD_SIZE", kExitConfig);
  }
  const std::string own_name = ShortName(own.Get("PMIX_HOSTNAME", host.host_name));
  place.names = FindNames({own, own_name, nodes});
  const auto found = std::find(place.names.begin(), place.names.end(), own_name);
  if (found != place.names.end()) {
    place.node = static_cast<int>(found - place.names.begin());
  } else if (place.names.size() == static_cast<size_t>(place.size)) {
    place.node = place.rank;
  } else {
    throw LaunchError(own_name + " is not among the names of the job's nodes", kExitConfig);
  }
  place.first_addresses = FindFirstAddresses(own, host, place.names[0]);
  return place;
}

std::optional<std::vector<std::string>> NamesFromRegex(std::string_view regex) {
  std::vector<std::string> names;
  for (const std::string_view entry : SplitEntries(regex.substr(0, regex.find('@')))) {
    if (!ExpandEntry(entry, &names)) return std::nullopt;
  }
  return names;
}

std::optional<std::vector<std::string>> NamesFromRule(std::string_view own_name, int nodes) {
  const size_t dash = own_name.rfind('-');
  if (nodes < 1 || dash == own_name.npos || !ReadNumber(own_name.substr(dash + 1)))
    return std::nullopt;
  std::string_view job = own_name.substr(0, dash);
  for (const std::string_view role : {"-mpimaster", "-mpiworker"}) {
    if (job.size() <= role.size() || job.substr(job.size() - role.size()) != role) continue;
    job.remove_suffix(role.size());
    std::vector<std::string> names = {std::string(job) + "-mpimaster-0"};
    for (int worker = 0; worker + 1 < nodes; ++worker) {
      names.push_back(std::string(job) + "-mpiworker-" + std::to_string(worker));
    }
    return names;
  }
  return std::nullopt;
}

std::vector<std::string> AddressesFromUri(std::string_view uri) {
  constexpr std::string_view kScheme = "tcp://";
  std::vector<std::string> addresses;
  const size_t start = uri.find(kScheme);
  if (start == uri.npos) return addresses;
  std::string_view rest = uri.substr(start + kScheme.size());
  rest = rest.substr(0, rest.find(';'));
  rest = rest.substr(0, rest.find(':'));
  for (const std::string_view address : Split(rest, ',')) {
    if (IsAddress(address)) addresses.emplace_back(address);
  }
  return addresses;
}

std::optional<std::string> AddressFromHosts(std::string_view hosts_file, std::string_view name) {
  for (std::string_view line : Split(hosts_file, '\n')) {
    line = line.substr(0, line.find('#'));
    std::string address;
    for (size_t at = 0; at < line.size();) {
      const size_t start = line.find_first_not_of(" \t\r", at);
      if (start == line.npos) break;
      const size_t end = std::min(line.find_first_of(" \t\r", start), line.size());
      const std::string_view word = line.substr(start, end - start);
      if (address.empty()) {
        address = word;
      } else if (word == name && IsAddress(address)) {
        return address;
      }
      at = end;
    }
  }
  return std::nullopt;
}

bool IsAddress(std::string_view text) {
  const auto bytes = Split(text, '.');
  return bytes.size() == 4 && std::all_of(bytes.begin(), bytes.end(), [](std::string_view byte) {
           const auto number = byte.size() <= 3 ? ReadNumber(byte) : std::nullopt;
           return number && *number <= 255;
         });
}

std::string ShortName(std::string_view name) {
  return std::string(IsAddress(name) ? name : name.substr(0, name.find('.')));
}

}  // namespace launcher
