#ifndef LAUNCHER_TEXT_BASE64_H_
#define LAUNCHER_TEXT_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace launcher {

/// The bytes that `text` stands for. Reads the standard and the URL-safe alphabet (RFC 4648), with
/// complete padding or with none. Nothing for any other character, a wrong length, or bits after
/// the last byte that are not zero.
std::optional<std::string> DecodeBase64(std::string_view text);

/// `bytes` in the standard alphabet with padding.
std::string EncodeBase64(std::string_view bytes);

}  // namespace launcher

#endif  // LAUNCHER_TEXT_BASE64_H_
