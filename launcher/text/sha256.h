#ifndef LAUNCHER_TEXT_SHA256_H_
#define LAUNCHER_TEXT_SHA256_H_

#include <string>
#include <string_view>

namespace launcher {

/// SHA-256 of `bytes`: 32 raw bytes (FIPS 180-4).
std::string Sha256(std::string_view bytes);

/// HMAC-SHA256 (RFC 2104): 32 raw bytes. `key` is raw bytes too, not hex.
std::string HmacSha256(std::string_view key, std::string_view message);

/// Whether `a` and `b` are the same, in a time that depends on their lengths alone: a comparison of
/// MACs that stops at the first difference tells a stranger how much he guessed right.
bool EqualConstantTime(std::string_view a, std::string_view b);

}  // namespace launcher

#endif  // LAUNCHER_TEXT_SHA256_H_
