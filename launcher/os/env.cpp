#include "os/env.h"

#include <algorithm>
#include <cstring>

namespace launcher {
namespace {

// Digits of the largest pid_t.
constexpr size_t kPidRoom = 10;

}  // namespace

Environment Environment::FromEnvp(const char* const* envp) {
  Environment environment;
  for (; *envp != nullptr; ++envp) {
    const std::string_view word(*envp);
    const size_t equals = word.find('=');
    if (equals == word.npos || equals == 0) continue;
    environment.variables_.emplace(word.substr(0, equals), word.substr(equals + 1));
  }
  return environment;
}

Environment Environment::FromWords(const std::vector<std::string>& words) {
  Environment environment;
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    if (equals == word.npos || equals == 0) continue;
    environment.variables_.emplace(word.substr(0, equals), word.substr(equals + 1));
  }
  return environment;
}

const std::string* Environment::Find(std::string_view name) const {
  const auto found = variables_.find(name);
  return found == variables_.end() ? nullptr : &found->second;
}

std::string Environment::Get(std::string_view name, std::string_view fallback) const {
  const std::string* value = Find(name);
  return value ? *value : std::string(fallback);
}

void Environment::Set(std::string_view name, std::string_view value) {
  variables_.insert_or_assign(std::string(name), std::string(value));
}

void Environment::Unset(std::string_view name) {
  const auto found = variables_.find(name);
  if (found != variables_.end()) variables_.erase(found);
}

void Environment::Merge(const Environment& other) {
  for (const auto& [name, value] : other.variables_) variables_.insert_or_assign(name, value);
}

void Environment::PrependPath(std::string_view name, std::string_view directory) {
  std::string list(directory);
  const std::string old = Get(name);
  for (size_t at = 0; at < old.size();) {
    const size_t colon = std::min(old.find(':', at), old.size());
    const std::string part = old.substr(at, colon - at);
    if (part != directory) list += ":" + part;
    at = colon + 1;
  }
  Set(name, list);
}

std::vector<std::string> Environment::Words() const {
  std::vector<std::string> words;
  words.reserve(variables_.size());
  for (const auto& [name, value] : variables_) words.push_back(name + "=" + value);
  return words;
}

EnvBlock::EnvBlock(const Environment& environment, std::string_view pid_name)
    : words_(environment.Words()) {
  if (!pid_name.empty()) {
    const std::string start = std::string(pid_name) + "=";
    const auto is_it = [&](const std::string& word) { return word.rfind(start, 0) == 0; };
    words_.erase(std::remove_if(words_.begin(), words_.end(), is_it), words_.end());
    words_.push_back(start + std::string(kPidRoom, '\0'));
    pid_value_ = words_.back().data() + start.size();
  }
  pointers_.reserve(words_.size() + 1);
  for (std::string& word : words_) pointers_.push_back(word.data());
  pointers_.push_back(nullptr);
}

void EnvBlock::PutPid(pid_t pid) {
  if (pid_value_ == nullptr) return;
  char reversed[kPidRoom];
  size_t count = 0;
  for (auto rest = static_cast<unsigned>(pid); count == 0 || rest > 0; rest /= 10) {
    reversed[count++] = static_cast<char>('0' + rest % 10);
  }
  // The terminating zero is the string's own; room and terminator were laid down by the
  // constructor.
  for (size_t i = 0; i < count; ++i) pid_value_[i] = reversed[count - 1 - i];
}

}  // namespace launcher
