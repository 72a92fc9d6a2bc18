#include "bcast/sbcast_options.h"

#include <getopt.h>

#include <cstdio>
#include <cstdlib>

#include "text/error.h"

namespace launcher {
namespace {

/// A row: names, argument as getopt calls it, input variable, and what it does. A flag's variable counts when it is there.
struct Row {
  const char* name;
  char letter;
  int argument;
  const char* variable;
  void (*set)(SbcastOptions*, const std::string&);
};

/// Bytes of "8m", "64k", "4096"; nothing for what is no size.
int64_t ReadSize(const std::string& text) {
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  const std::string unit = end;
  const int64_t factor = unit.empty() ? 1 : unit == "k" || unit == "K" ? 1024 : unit == "m" || unit == "M" ? 1 << 20 : 0;
  return text.empty() || end == text.c_str() ? 0 : value * factor;
}

void SetSize(SbcastOptions* options, const std::string& text) {
  const int64_t size = ReadSize(text);
  if (size <= 0) {
    options->warnings.push_back("size specification is invalid, ignored");
  } else {
    options->block_size = size;
  }
}

void SetCompression(SbcastOptions* options, const std::string& text) {
  if (text.empty() || text == "lz4" || text == "none") return;  // nothing is: the network is not what takes time
  options->warnings.push_back("sbcast: error: Compression type '" + text + "' unknown, disabling compression support.");
}

void SetLibraries(SbcastOptions* options, const std::string& text) {
  std::string small = text;
  for (char& c : small) c = static_cast<char>(std::tolower(c));
  if (small == "no" || small == "n") return;
  if (small.empty() || small == "yes" || small == "y") {
    options->warnings.push_back("sbcast: warning: libraries are not sent");
  } else {
    options->warnings.push_back("sbcast: error: Ignoring unrecognized --send-libs value '" + text + "'");
  }
}

constexpr Row kRows[] = {
    {"compress", 'C', optional_argument, "SBCAST_COMPRESS", SetCompression},
    {"exclude", 0, required_argument, "SBCAST_EXCLUDE", [](auto*, auto&) {}},
    {"fanout", 'F', required_argument, "SBCAST_FANOUT", [](auto* o, auto& t) { o->fanout = std::atoi(t.c_str()); }},
    {"force", 'f', no_argument, "SBCAST_FORCE", [](auto* o, auto&) { o->force = true; }},
    {"jobid", 'j', required_argument, nullptr, [](auto* o, auto& t) { o->job_id = t; }},
    {"preserve", 'p', no_argument, "SBCAST_PRESERVE", [](auto* o, auto&) { o->preserve = true; }},
    {"send-libs", 0, optional_argument, "SBCAST_SEND_LIBS", SetLibraries},
    {"size", 's', required_argument, "SBCAST_SIZE", SetSize},
    {"timeout", 't', required_argument, "SBCAST_TIMEOUT", [](auto* o, auto& t) { o->timeout = std::atoi(t.c_str()); }},
    {"verbose", 'v', no_argument, nullptr, [](auto* o, auto&) { ++o->verbose; }},
    {"version", 'V', no_argument, nullptr, [](auto* o, auto&) { o->foreign = "--version"; }},
    {"help", 'h', no_argument, nullptr, [](auto* o, auto&) { o->foreign = "--help"; }},
    {"usage", 0, no_argument, nullptr, [](auto* o, auto&) { o->foreign = "--usage"; }},
};

constexpr int kFirstLong = 256;  ///< getopt gives a row without a letter as this plus its number

[[noreturn]] void Usage() { throw LaunchError("Try \"sbcast --help\" for more information", 1); }

}  // namespace

SbcastOptions ReadSbcastOptions(const std::vector<std::string>& args, const Environment& environment) {
  SbcastOptions options;
  std::vector<option> long_options;
  std::string letters;
  for (size_t i = 0; i < std::size(kRows); ++i) {
    const Row& row = kRows[i];
    long_options.push_back({row.name, row.argument, nullptr, row.letter ? row.letter : kFirstLong + static_cast<int>(i)});
    if (row.letter) letters += row.letter + std::string(static_cast<size_t>(row.argument), ':');
    if (const std::string* value = row.variable ? environment.Find(row.variable) : nullptr) row.set(&options, *value);
  }
  long_options.push_back({nullptr, 0, nullptr, 0});
  std::vector<std::string> words = {"sbcast"};
  words.insert(words.end(), args.begin(), args.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  const int count = static_cast<int>(argv.size());
  argv.push_back(nullptr);
  int found;
  while ((found = getopt_long(count, argv.data(), letters.c_str(), long_options.data(), nullptr)) != -1) {
    if (found == '?') Usage();
    for (size_t i = 0; i < std::size(kRows); ++i) {
      const int value = kRows[i].letter ? kRows[i].letter : kFirstLong + static_cast<int>(i);
      if (value == found) kRows[i].set(&options, optarg ? optarg : "");
    }
  }
  if (!options.foreign.empty()) return options;
  if (count - optind != 2) {
    std::fprintf(stderr, "Need two file names, have %d names\n", count - optind);
    Usage();
  }
  options.source = argv[static_cast<size_t>(optind)];
  options.target = argv[static_cast<size_t>(optind) + 1];
  return options;
}

}  // namespace launcher
