#include "binding/cpu_bind.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "text/error.h"
#include "text/word_list.h"

namespace launcher {
namespace {

using Kind = CpuBind::Kind;

struct Word {
  const char* word;  ///< a list follows where it ends with a colon
  Kind kind;
  const char* label;
};

constexpr Word kWords[] = {
    {"none", Kind::kNone, "NONE"},           {"no", Kind::kNone, "NONE"},
    {"rank", Kind::kRank, "RANK"},           {"threads", Kind::kThreads, "MASK"},
    {"cores", Kind::kCores, "MASK"},         {"sockets", Kind::kSockets, "MASK"},
    {"ldoms", Kind::kDomains, "MASK"},       {"rank_ldom", Kind::kDomainRank, "LDRANK"},
    {"map_cpu:", Kind::kMap, "MAP "},        {"mask_cpu:", Kind::kMask, "MASK"},
    {"map_ldom:", Kind::kDomainMap, "LDMAP "}, {"mask_ldom:", Kind::kDomainMask, "LDMASK"},
};

const Word* FindWord(Kind kind) {
  for (const Word& word : kWords) {
    if (word.kind == kind) return &word;
  }
  return nullptr;
}

bool HasMasks(Kind kind) { return kind == Kind::kMask || kind == Kind::kDomainMask; }

[[noreturn]] void Fail(const std::string& line) {
  throw LaunchError(line + "\nsrun: fatal: Failed to parse --cpu-bind= values.", 1);
}

/// Adds "3", "0x3*2" to the list.
void AddItem(const std::string& item, CpuBind* bind) {
  const size_t star = std::min(item.find('*'), item.size());
  std::string number = item.substr(0, star);
  const bool has_prefix = number.compare(0, 2, "0x") == 0 || number.compare(0, 2, "0X") == 0;
  const bool is_hex = has_prefix || HasMasks(bind->kind);
  const std::string digits = number.substr(has_prefix ? 2 : 0);
  const std::string times = star < item.size() ? item.substr(star + 1) : "1";
  const size_t wrong = digits.find_first_not_of(is_hex ? "0123456789abcdefABCDEF" : "0123456789");
  const size_t wrong_times = times.find_first_not_of("0123456789");
  if (digits.empty() || wrong != digits.npos || times.empty() || wrong_times != times.npos) {
    const std::string blamed = wrong != digits.npos ? digits.substr(wrong, 1) : wrong_times != times.npos ? times.substr(wrong_times, 1) : "";
    Fail("Failed to validate number: " + item + ", the offending character is " + blamed);
  }
  if (HasMasks(bind->kind)) number = digits;
  constexpr int kMostTimes = 65536;
  for (int i = 0; i < std::min(std::atoi(times.c_str()), kMostTimes); ++i) bind->list.push_back(number);
}

}  // namespace

CpuBind ParseCpuBind(const std::string& text) {
  CpuBind bind;
  bool in_list = false;
  for (const std::string& item : SplitWords(text)) {
    const std::string word = LowerCase(item);
    if (word == "verbose" || word == "v" || word == "quiet" || word == "q") {
      bind.verbose = word[0] == 'v';
      in_list = false;
      continue;
    }
    const Word* found = nullptr;
    for (const Word& known : kWords) {
      const size_t length = std::strlen(known.word);
      const bool has_list = known.word[length - 1] == ':';
      if (has_list ? word.compare(0, length, known.word) == 0 : word == known.word) found = &known;
      if (has_list && word == std::string(known.word, length - 1)) {
        Fail("missing list for \"--cpu-bind=" + std::string(known.word) + "<list>\"");
      }
    }
    if (found) {
      bind.kind = found->kind;
      bind.list.clear();
      const size_t colon = item.find(':');
      in_list = colon != item.npos;
      if (in_list && colon + 1 == item.size()) Fail("missing list for \"--cpu-bind=" + std::string(found->word) + "<list>\"");
      if (in_list) AddItem(item.substr(colon + 1), &bind);
    } else if (in_list && !item.empty() && std::isxdigit(static_cast<unsigned char>(item[0]))) {
      AddItem(item, &bind);
    } else if (word != "one_thread") {  // Slurm's own addition, in a SLURM_CPU_BIND that its srun has set
      Fail("unrecognized --cpu-bind argument \"" + item + "\"");
    }
  }
  return bind;
}

std::string CpuBindText(const CpuBind& bind) {
  const Word* word = FindWord(bind.kind);
  if (!word && !bind.verbose) return "";
  std::string text = bind.verbose ? "verbose" : "quiet";
  if (word) text += std::string(",") + word->word + JoinWords(bind.list);
  return text;
}

void SetCpuBind(const CpuBind& bind, Environment* environment) {
  const std::string text = CpuBindText(bind);
  if (text.empty()) return;
  const Word* word = FindWord(bind.kind);
  environment->Set("SLURM_CPU_BIND", text);
  environment->Set("SLURM_CPU_BIND_VERBOSE", bind.verbose ? "verbose" : "quiet");
  environment->Set("SLURM_CPU_BIND_TYPE", word ? word->word : "");
  environment->Set("SLURM_CPU_BIND_LIST", JoinWords(bind.list));
}

const char* CpuBindLabel(Kind kind) {
  const Word* word = FindWord(kind);
  return word ? word->label : "NONE";
}

}  // namespace launcher
