#include "srun/srun_messages.h"

#include <algorithm>
#include <cstdio>

namespace launcher {

void SrunMessages::Say(const char* level, const std::string& line) const {
  std::fprintf(stderr, "srun: %s%s%s", level, line.c_str(), end_);
}

void SrunMessages::Error(const std::string& lines) const {
  for (size_t at = 0; at <= lines.size();) {
    const size_t end = std::min(lines.find('\n', at), lines.size());
    Say("error: ", lines.substr(at, end - at));
    at = end + 1;
  }
}

void SrunMessages::Info(const std::string& line) const {
  if (!quiet_) Say("", line);
}

void SrunMessages::Verbose(const std::string& line) const {
  if (verbosity_ > 0) Say("", line);
}

}  // namespace launcher
