#include "text/task_lines.h"

#include <vector>

#include "test.h"

namespace launcher {
namespace {

/// What goes on of these pieces, one after the other, and at the end.
std::vector<std::string> Taken(TaskLines lines, const std::vector<std::string>& pieces) {
  std::vector<std::string> taken;
  for (const std::string& piece : pieces) lines.Take(piece, &taken.emplace_back());
  lines.Finish(&taken.emplace_back());
  return taken;
}

using Texts = std::vector<std::string>;

TEST(WholeLinesGoOn) {
  EXPECT_EQ(Taken(TaskLines(""), {"one\ntw", "o\nthree", "\n", "last"}), (Texts{"one\n", "two\n", "three\n", "", "last"}));
  EXPECT_EQ(Taken(TaskLines(""), {"a\nb\nc\n"}), (Texts{"a\nb\nc\n", ""}));
}

TEST(EveryLineGetsItsLabel) {
  EXPECT_EQ(Taken(TaskLines("3: "), {"one\ntw", "o\n\n", "last"}), (Texts{"3: one\n", "3: two\n3: \n", "", "3: last\n"}));
  EXPECT_EQ(Taken(TaskLines("3: "), {"", "\n"}), (Texts{"", "3: \n", ""}));
}

TEST(ALineWithoutEndIsNotKeptForEver) {
  const std::string half(TaskLines::kLongestLine, 'x');
  for (const std::string label : {"", "3: "}) {
    const Texts taken = Taken(TaskLines(label), {half, "y", "end\n", "next\n"});
    EXPECT_EQ(taken[0].size(), 0u);
    EXPECT_TRUE(taken[1] == label + half + "y");
    EXPECT_EQ(taken[2], "end\n");  // the label stands before the line's first piece
    EXPECT_EQ(taken[3], label + "next\n");
  }
}

TEST(LabelsAreAsWideAsTheHighestTask) {
  EXPECT_EQ(LabelOf(0, 1), "0: ");
  EXPECT_EQ(LabelOf(9, 10), "9: ");
  EXPECT_EQ(LabelOf(9, 11), " 9: ");
  EXPECT_EQ(LabelOf(7, 1001), "   7: ");
}

}  // namespace
}  // namespace launcher
