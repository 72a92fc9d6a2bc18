#include "binding/mem_bind.h"

#include <cctype>

#include "text/error.h"
#include "text/word_list.h"

namespace launcher {
namespace {

constexpr int kFailed = 255;

bool IsOneOf(const std::string& word, std::initializer_list<const char*> words) {
  for (const char* other : words) {
    if (word == other) return true;
  }
  return false;
}

}  // namespace

MemBind ParseMemBind(const std::string& text) {
  MemBind bind;
  bind.is_said = true;
  for (const std::string& item : SplitWords(text)) {
    const std::string word = LowerCase(item);
    const size_t colon = word.find(':');
    const std::string name = word.substr(0, colon);
    if (IsOneOf(word, {"verbose", "v", "quiet", "q"})) {
      bind.verbose = word[0] == 'v';
    } else if (IsOneOf(word, {"prefer", "p"})) {
      bind.prefers = true;
    } else if (IsOneOf(word, {"sort", "nosort"})) {
      bind.sorts = word == "sort";
    } else if (IsOneOf(word, {"none", "no", "rank", "local"})) {
      bind.type = word == "no" ? "none" : word;
      bind.list.clear();
    } else if (IsOneOf(name, {"map_mem", "mask_mem"})) {
      if (colon == word.npos || colon + 1 == word.size()) {
        throw LaunchError("missing list for \"--mem-bind=" + name + ":<list>\"", kFailed);
      }
      bind.type = name + ":";
      bind.list = {word.substr(colon + 1)};
    } else if (!bind.list.empty() && !word.empty() && std::isxdigit(static_cast<unsigned char>(word[0]))) {
      bind.list.push_back(word);
    } else {
      throw LaunchError("unrecognized --mem-bind argument \"" + item + "\"", kFailed);
    }
  }
  return bind;
}

void SetMemBind(const MemBind& bind, Environment* environment) {
  if (!bind.is_said) return;
  const std::string verbosity = bind.verbose ? "verbose" : "quiet";
  const std::string list = JoinWords(bind.list);
  environment->Set("SLURM_MEM_BIND", verbosity + (bind.prefers ? ",prefer" : "") + (bind.type.empty() ? "" : ",") + bind.type + list);
  environment->Set("SLURM_MEM_BIND_VERBOSE", verbosity);
  environment->Set("SLURM_MEM_BIND_TYPE", bind.type);
  environment->Set("SLURM_MEM_BIND_LIST", list);
  if (bind.prefers) environment->Set("SLURM_MEM_BIND_PREFER", "prefer");
  if (bind.sorts) environment->Set("SLURM_MEM_BIND_SORT", "sort");
}

}  // namespace launcher
