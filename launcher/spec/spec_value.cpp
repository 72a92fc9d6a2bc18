#include "spec/spec_value.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "spec/carrier.h"
#include "text/base64.h"
#include "text/error.h"

namespace launcher {
namespace {

bool IsVariableName(const std::string& name) {
  return !name.empty() && name.find('=') == name.npos && name.find('\0') == name.npos;
}

}  // namespace

void SpecValue::Fail(const std::string& what) const {
  const std::string where = pointer_.empty() ? "/" : pointer_;
  throw LaunchError("specification: " + where + ": " + what, kExitConfig);
}

void SpecValue::ExpectObject() const {
  if (!value_->is_object()) Fail("must be an object");
}

void SpecValue::ExpectKeys(std::initializer_list<const char*> known) const {
  ForEach([&](const std::string& key, const SpecValue& member) {
    if (std::find(known.begin(), known.end(), key) == known.end()) member.Fail("unknown key");
  });
}

std::optional<SpecValue> SpecValue::Find(const char* key) const {
  ExpectObject();
  const auto found = value_->find(key);
  if (found == value_->end()) return std::nullopt;
  return SpecValue(*found, pointer_ + "/" + key);
}

SpecValue SpecValue::Require(const char* key) const {
  const auto found = Find(key);
  if (!found) SpecValue(*value_, pointer_ + "/" + key).Fail("is missing");
  return *found;
}

bool SpecValue::IsNull() const { return value_->is_null(); }

bool SpecValue::Bool() const {
  if (!value_->is_boolean()) Fail("must be true or false");
  return value_->get<bool>();
}

int64_t SpecValue::Integer(int64_t min, int64_t max) const {
  if (!value_->is_number_integer()) Fail("must be an integer");
  const bool too_large = value_->is_number_unsigned() && value_->get<uint64_t>() > INT64_MAX;
  const int64_t number = too_large ? INT64_MAX : value_->get<int64_t>();
  if (too_large || number < min || number > max) {
    Fail("must be between " + std::to_string(min) + " and " + std::to_string(max));
  }
  return number;
}

std::string SpecValue::Text() const {
  std::string text;
  if (value_->is_object()) {
    ExpectKeys({"b64"});
    const SpecValue inner = Require("b64");
    if (!inner.value_->is_string()) inner.Fail("must be a string");
    const auto bytes = DecodeBase64(inner.value_->get_ref<const std::string&>());
    if (!bytes) inner.Fail("not base64");
    text = *bytes;
  } else if (value_->is_string()) {
    text = value_->get_ref<const std::string&>();
  } else {
    Fail("must be a text");
  }
  if (text.find('\0') != text.npos) Fail("holds a NUL");
  return text;
}

std::string SpecValue::AbsolutePath() const {
  const std::string path = Text();
  if (path.empty() || path[0] != '/') Fail("must be an absolute path");
  return path;
}

std::string SpecValue::Hex(size_t digits) const {
  const std::string text = Text();
  if (text.size() != digits || text.find_first_not_of("0123456789abcdef") != text.npos) {
    Fail("must be " + std::to_string(digits) + " lower-case hexadecimal digits");
  }
  return text;
}

size_t SpecValue::OneOf(std::initializer_list<const char*> words) const {
  std::string choice;
  if (value_->is_string()) {
    const auto& text = value_->get_ref<const std::string&>();
    const auto found = std::find(words.begin(), words.end(), text);
    if (found != words.end()) return static_cast<size_t>(found - words.begin());
  }
  for (const char* word : words) choice += (choice.empty() ? "" : ", ") + std::string(word);
  Fail("must be one of: " + choice);
}

std::vector<SpecValue> SpecValue::Items() const {
  if (!value_->is_array()) Fail("must be a list");
  std::vector<SpecValue> items;
  for (size_t i = 0; i < value_->size(); ++i) {
    items.emplace_back((*value_)[i], pointer_ + "/" + std::to_string(i));
  }
  return items;
}

std::vector<std::string> SpecValue::Texts() const {
  std::vector<std::string> texts;
  for (const SpecValue& item : Items()) texts.push_back(item.Text());
  return texts;
}

std::vector<int> SpecValue::Integers(int64_t min, int64_t max) const {
  std::vector<int> numbers;
  for (const SpecValue& item : Items()) numbers.push_back(static_cast<int>(item.Integer(min, max)));
  return numbers;
}

std::vector<std::string> SpecValue::Names() const {
  std::vector<std::string> names;
  for (const SpecValue& item : Items()) {
    names.push_back(item.Text());
    if (!IsVariableName(names.back())) item.Fail("not the name of a variable");
  }
  return names;
}

std::map<std::string, std::string> SpecValue::Variables() const {
  std::map<std::string, std::string> variables;
  ForEach([&](const std::string& name, const SpecValue& member) {
    if (!IsVariableName(name)) member.Fail("not the name of a variable");
    variables.emplace(name, member.Text());
  });
  return variables;
}

void SpecValue::ForEach(
    const std::function<void(const std::string& key, const SpecValue&)>& read) const {
  ExpectObject();
  for (const auto& member : value_->items()) {
    read(member.key(), SpecValue(member.value(), pointer_ + "/" + Printable(member.key())));
  }
}

}  // namespace launcher
