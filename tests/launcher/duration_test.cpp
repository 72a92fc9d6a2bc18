#include "text/duration.h"

#include "test.h"

namespace launcher {

TEST(TimeLimits) {
  const std::pair<const char*, int64_t> good[] = {
      {"0", 0},         {"1", 60},          {"90", 5400},         {"0:01", 60},     {"1:30", 120},      {"1:00:00", 3600},
      {"0:0:1", 60},    {"2-0", 172800},    {"1-1:30", 91800},    {"1-0:0:1", 86460}, {"UNLIMITED", 0}, {"infinite", 0},
      {"-1", 0},
  };
  for (const auto& [text, seconds] : good) EXPECT_EQ(*ParseTimeLimit(text), seconds);
  for (const char* text : {"", "x", "1:x", "1-", "-", "1-x", "1:2:3:4", ":", "1:", "-2", "1-2-3", "99999999999", " 1"}) {
    EXPECT_TRUE(!ParseTimeLimit(text).has_value());
  }
}

}  // namespace launcher
