#include "step/multi_prog.h"

#include "test.h"
#include "text/error.h"

namespace launcher {
namespace {

std::vector<Words> Parse(const std::string& text, int tasks = 4, const Words& extra = {}) {
  return ParseMultiProg(text, "file", tasks, extra);
}

TEST(TasksGetTheirPrograms) {
  EXPECT_EQ(Parse("0 a\n1-2 b c\n* d\n"), (std::vector<Words>{{"a"}, {"b", "c"}, {"b", "c"}, {"d"}}));
  EXPECT_EQ(Parse("# text\n\n  3,1\ta\n0,2, b", 4, {"x y"}),
            (std::vector<Words>{{"b", "x y"}, {"a", "x y"}, {"b", "x y"}, {"a", "x y"}}));
}

TEST(TaskAndOffset) {
  EXPECT_EQ(Parse("3,1 %t %o\n* %t %o\n"), (std::vector<Words>{{"0", "0"}, {"1", "1"}, {"2", "2"}, {"3", "0"}}));
}

TEST(QuotesAndBackslashes) {
  const std::pair<const char*, Words> kCases[] = {
      {"a  b\tc ", {"a", "b", "c"}},
      {"'a b' c'd'e ''", {"a b", "cde", ""}},
      {"'%t \\' %t%%t%x %", {"%t \\", "0t", ""}},
      {"a\\ b \\'c\\\\ \\%t \"d e\"", {"a b", "'c\\", "%t", "\"d", "e\""}},
      {"a\\\nb \\\n c\\", {"ab", "", "c"}},
      {"a 'b", {}},
  };
  for (const auto& [text, words] : kCases) EXPECT_EQ_WITH(Parse(std::string("0 ") + text, 1)[0], words, text);
}

TEST(WhatIsWrongIsSaidAsSlurmDoes) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "Configuration file file invalid, no record for task id 0"},
      {"0-1 a", "Configuration file file invalid, no record for task id 2"},
      {"0-3 a\n4 b", "Invalid task id, 4 >= ntasks\nLine 2 of configuration file file invalid"},
      {"99999999999999999999 a", "Invalid task id, 9223372036854775807 >= ntasks\nLine 1 of configuration file file invalid"},
      {"-1 a", "Invalid task id, -1 < 0\nLine 1 of configuration file file invalid"},
      {"0-1 a \\\n b\n1-3 b", "Duplicate record for task 1\nLine 3 of configuration file file invalid"},
      {"x a", "Invalid task range specification (x)\nLine 1 of configuration file file invalid"},
      {"0,* a", "Invalid task range specification (*)\nLine 1 of configuration file file invalid"},
      {"0-x a", "Invalid task range specification\nLine 1 of configuration file file invalid"},
      {"0-3:2 a", "Invalid task range specification\nLine 1 of configuration file file invalid"},
      {"3-0 a", "Invalid task range, 3-0\nLine 1 of configuration file file invalid"},
      {"0-3", "Line 1 of configuration file file invalid"},
      {"*", "Line 1 of configuration file file invalid"},
      {"* a\n0 b", "Task range specification with asterisk must be last\nLine 2 of configuration file file invalid"},
  };
  for (const auto& [text, message] : kCases) EXPECT_THROW(Parse(text), LaunchError, message);
}

TEST(AFileThatIsNotThere) {
  EXPECT_THROW(ReadMultiProg("/no/such", 1, {}), LaunchError, "Could not open multi_prog config file /no/such");
  EXPECT_THROW(ReadMultiProg("/", 1, {}), LaunchError, "Error reading multi_prog config file /");
}

}  // namespace
}  // namespace launcher
