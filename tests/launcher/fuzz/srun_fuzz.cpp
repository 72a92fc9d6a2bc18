// srun's command line inside a job: an input is its words, a line each.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "srun/srun_options.h"
#include "text/error.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> words;
  for (size_t at = 0; at <= input.size();) {
    const size_t end = std::min(input.find('\n', at), input.size());
    words.emplace_back(input.substr(at, end - at));
    at = end + 1;
  }
  try {
    launcher::ReadSrunOptions(words, launcher::Environment());
  } catch (const launcher::LaunchError&) {
  }
  return 0;
}
