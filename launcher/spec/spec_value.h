#ifndef LAUNCHER_SPEC_SPEC_VALUE_H_
#define LAUNCHER_SPEC_SPEC_VALUE_H_

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace launcher {

/// One value of the specification and the JSON pointer to it. Every reader throws LaunchError (exit
/// code 78) that names the pointer, never the value: it may be secret.
class SpecValue {
 public:
  SpecValue(const nlohmann::json& value, std::string pointer)
      : value_(&value), pointer_(std::move(pointer)) {}

  /// Throws: "specification: <pointer>: <what>".
  [[noreturn]] void Fail(const std::string& what) const;

  /// An object with no other keys than `known`.
  void ExpectKeys(std::initializer_list<const char*> known) const;

  /// A member of an object, if it is there; of what must be there.
  std::optional<SpecValue> Find(const char* key) const;
  SpecValue Require(const char* key) const;

  bool IsNull() const;
  bool Bool() const;
  int64_t Integer(int64_t min, int64_t max) const;

  /// A text of protocol.md §2: a string, or {"b64": ...} for bytes that are not UTF-8. No NUL.
  std::string Text() const;
  std::string AbsolutePath() const;

  /// Exactly `digits` lower-case hexadecimal digits.
  std::string Hex(size_t digits) const;

  /// The index of the string in `words`.
  size_t OneOf(std::initializer_list<const char*> words) const;

  std::vector<std::string> Texts() const;
  std::vector<int> Integers(int64_t min, int64_t max) const;

  /// Names of variables: not empty, no `=`.
  std::vector<std::string> Names() const;
  std::map<std::string, std::string> Variables() const;

  /// Calls `read` for each member of an object.
  void ForEach(const std::function<void(const std::string& key, const SpecValue&)>& read) const;

 private:
  void ExpectObject() const;
  std::vector<SpecValue> Items() const;

  const nlohmann::json* value_;
  std::string pointer_;
};

}  // namespace launcher

#endif  // LAUNCHER_SPEC_SPEC_VALUE_H_
