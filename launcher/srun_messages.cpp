#include "srun_messages.h"

#include <cstdio>

namespace launcher {
namespace {

void Say(const char* level, const std::string& line) { std::fprintf(stderr, "srun: %s%s\n", level, line.c_str()); }

}  // namespace

void SrunMessages::Error(const std::string& line) const { Say("error: ", line); }

void SrunMessages::Info(const std::string& line) const {
  if (!quiet_) Say("", line);
}

void SrunMessages::Verbose(const std::string& line) const {
  if (verbosity_ > 0) Say("", line);
}

void SrunMessages::Debug(const std::string& line) const {
  if (verbosity_ > 1) Say("debug:  ", line);
}

}  // namespace launcher
