#ifndef LAUNCHER_TEXT_HEX_H_
#define LAUNCHER_TEXT_HEX_H_

#include <optional>
#include <string>
#include <string_view>

namespace launcher {

/// `bytes` as lower-case hexadecimal digits, two a byte.
std::string ToHex(std::string_view bytes);

/// The bytes of hexadecimal `digits` of either case. Nothing for an odd count or another character.
std::optional<std::string> FromHex(std::string_view digits);

}  // namespace launcher

#endif  // LAUNCHER_TEXT_HEX_H_
