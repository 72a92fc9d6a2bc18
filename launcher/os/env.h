#ifndef LAUNCHER_OS_ENV_H_
#define LAUNCHER_OS_ENV_H_

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace launcher {


/// An environment as a map from name to value, ordered by name.
class Environment {
 public:
  using Map = std::map<std::string, std::string, std::less<>>;

  Environment() = default;
  Environment(std::initializer_list<Map::value_type> variables) : variables_(variables) {}

  /// Reads a null-terminated envp. Words without `=` are dropped; of doubles the first stays, as
  /// getenv would find it.
  static Environment FromEnvp(const char* const* envp);

  /// Reads words `NAME=value`.
  static Environment FromWords(const std::vector<std::string>& words);

  /// The value, or null when `name` is not set.
  const std::string* Find(std::string_view name) const;

  /// The value, or `fallback`.
  std::string Get(std::string_view name, std::string_view fallback = "") const;

  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  void Set(std::string_view name, std::string_view value);
  void SetNumber(std::string_view name, long long value) { Set(name, std::to_string(value)); }
  void Unset(std::string_view name);

  /// Sets every variable of `other`.
  void Merge(const Environment& other);

  /// Puts `directory` in front of the list in `name` (PATH and the like), once: a later copy goes.
  void PrependPath(std::string_view name, std::string_view directory);

  const Map& variables() const { return variables_; }

  /// Words `NAME=value`, by name.
  std::vector<std::string> Words() const;

  bool operator==(const Environment& other) const { return variables_ == other.variables_; }

 private:
  Map variables_;
};

/// What exec is given: all memory is allocated here, before fork.
class EnvBlock {
 public:
  /// `pid_name`, if not empty, is a variable whose value a child fills in itself with PutPid.
  explicit EnvBlock(const Environment& environment, std::string_view pid_name = "");
  EnvBlock(const EnvBlock&) = delete;
  EnvBlock& operator=(const EnvBlock&) = delete;

  char* const* get() const { return pointers_.data(); }

  /// Writes `pid` as the value of `pid_name`. Async-signal-safe: for the child, between fork and
  /// exec.
  void PutPid(pid_t pid);

 private:
  std::vector<std::string> words_;
  std::vector<char*> pointers_;
  char* pid_value_ = nullptr;
};

}  // namespace launcher

#endif  // LAUNCHER_OS_ENV_H_
