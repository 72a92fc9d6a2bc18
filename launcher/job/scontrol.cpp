#include "job/scontrol.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "os/fd.h"
#include "text/hostlist.h"

namespace launcher {
namespace {

// Options that change nothing in what is answered here.
constexpr const char* kLongFlags[] = {"all",   "details",  "federation", "future",  "hide",
                                      "local", "oneliner", "quiet",      "sibling", "verbose"};
constexpr std::string_view kShortFlags = "adFoQv";

/// `word` is `name` or the start of it, of at least `shortest` letters, in either case.
bool IsPrefix(std::string_view word, std::string_view name, size_t shortest) {
  if (word.size() < shortest || word.size() > name.size()) return false;
  return std::equal(word.begin(), word.end(), name.begin(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

/// The words without options; false when one of those asks for more than a host list.
bool DropOptions(const std::vector<std::string>& args, std::vector<std::string>* words) {
  bool options = true;
  for (const std::string& arg : args) {
    if (!options || arg.size() < 2 || arg[0] != '-') {
      words->push_back(arg);
    } else if (arg == "--") {
      options = false;
    } else if (arg[1] == '-') {
      const auto is_it = [&](const char* flag) { return arg.substr(2) == flag; };
      if (std::none_of(std::begin(kLongFlags), std::end(kLongFlags), is_it)) return false;
    } else if (arg.find_first_not_of(kShortFlags, 1) != arg.npos) {
      return false;
    }
  }
  return true;
}

void AppendError(const BadHostList& bad, Answer* answer) {
  if (!bad.detail().empty()) {
    answer->err += "scontrol: error: _parse_single_range: " + bad.detail() + "\n";
  }
  answer->err += std::string(bad.what()) + "\n";
}

void ShowNames(const std::string* list, const Environment& environment, Answer* answer) {
  if (!list) list = environment.Find("SLURM_NODELIST");
  if (!list) {
    answer->err = "scontrol: error: host list is empty\n";
    return;
  }
  try {
    for (const std::string& name : ExpandHosts(*list)) answer->out += name + "\n";
  } catch (const BadHostList& bad) {
    AppendError(bad, answer);  // and yet Slurm's exit code is 0
  }
}

/// A list that starts with a slash is a file of names, one on a line.
bool ReadListFile(const std::string& path, std::string* list) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return false;
  char buffer[4096];
  for (;;) {
    const ssize_t count = read(fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count == 0;
    list->append(buffer, static_cast<size_t>(count));
  }
}

void ShowList(const std::string* list, bool sorted, Answer* answer) {
  answer->code = 1;
  if (!list) {
    answer->err = "invalid encode argument\n";
    return;
  }
  std::string text = *list;
  if (text[0] == '/') {
    text.clear();
    if (!ReadListFile(*list, &text)) {
      answer->err = "Can not open " + *list + "\n";
      return;
    }
  }
  try {
    const std::vector<std::string> names = ExpandHosts(text);
    answer->out = (sorted ? FoldSortedHosts(names) : FoldHosts(names)) + "\n";
    answer->code = 0;
  } catch (const BadHostList& bad) {
    AppendError(bad, answer);
  }
}

}  // namespace

bool AnswerScontrol(const std::vector<std::string>& args, const Environment& environment,
                    Answer* answer) {
  std::vector<std::string> words;
  if (!DropOptions(args, &words) || words.size() < 2 || !IsPrefix(words[0], "show", 3))
    return false;
  const size_t equals = words[1].find('=');
  const std::string entity = words[1].substr(0, equals);
  const bool is_names = IsPrefix(entity, "hostnames", 5);
  const bool is_list = IsPrefix(entity, "hostlist", 5);
  const bool is_sorted = !is_list && IsPrefix(entity, "hostlistsorted", 9);
  if (!is_names && !is_list && !is_sorted) return false;

  std::string list;
  const std::string* given = nullptr;
  if (equals != std::string::npos) {
    list = words[1].substr(equals + 1);
    given = &list;
  } else if (words.size() > 3) {
    answer->err = "too many arguments for keyword:show\n";
    answer->code = 1;
    return true;
  } else if (words.size() == 3) {
    given = &words[2];
  }
  if (is_names) {
    ShowNames(given, environment, answer);
  } else {
    ShowList(given, is_sorted, answer);
  }
  return true;
}

}  // namespace launcher
