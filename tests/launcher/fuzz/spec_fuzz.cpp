// Flags to a specification. An input is the flags, a line each; or, behind "json:", a document, which then travels as
// it should, so that what reads it is reached too.

#include <string>
#include <string_view>
#include <vector>

#include "spec/spec.h"
#include "text/base64.h"
#include "text/error.h"
#include "text/hex.h"
#include "text/sha256.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> flags;
  if (input.substr(0, 5) == "json:") {
    const std::string_view json = input.substr(5);
    flags = {"--spec-version=1", "--spec-num-parts=1", "--spec-part-0=" + launcher::EncodeBase64(json),
             "--spec-sha256=" + launcher::ToHex(launcher::Sha256(json))};
  } else {
    for (size_t at = 0; at <= input.size();) {
      const size_t end = std::min(input.find('\n', at), input.size());
      flags.emplace_back(input.substr(at, end - at));
      at = end + 1;
    }
  }
  try {
    launcher::ReadSpec(flags);
  } catch (const launcher::LaunchError& error) {
    if (error.exit_code() != 78) __builtin_trap();
  }
  return 0;
}
