#include "step/task_script.h"

#include "test.h"

namespace launcher {

TEST(PrologWords) {
  const PrologWords words = ReadPrologWords(
      "print hello\nprint   blanks  \nexport A=b=c d\nexport  B =\nexport \nexport C\nexport =x\n"
      "unset D \n export E=1\nprinted\nunset\n\nprint last");
  EXPECT_EQ(words.printed, std::string("hello\nblanks  \nlast"));
  EXPECT_TRUE(words.set == (Environment{{"A", "b=c d"}, {"B", ""}}));
  EXPECT_TRUE(words.unset == std::vector<std::string>{"D"});
}

TEST(PrologSaysNothing) {
  const PrologWords words = ReadPrologWords("");
  EXPECT_TRUE(words.printed.empty() && words.unset.empty() && words.set.variables().empty());
}

TEST(PrologsThatCannotRun) {
  EXPECT_EQ(WhyNoProlog("./x")[0], std::string("run_command: user task_prolog is not fully qualified pathname (./x)"));
  EXPECT_EQ(WhyNoProlog("/nosuch")[0],
            std::string("run_command: user task_prolog can not be executed (/nosuch) No such file or directory"));
  EXPECT_TRUE(WhyNoProlog("/bin/sh").empty());
  EXPECT_EQ(WhyNoEpilog("/nosuch")[0], std::string("Could not run user task_epilog [/nosuch]: access denied"));
}

}  // namespace launcher
