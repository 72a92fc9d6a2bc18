#include "step/step_values.h"

#include "test.h"
#include "text/error.h"

namespace launcher {
namespace {

std::string RangeOf(const std::string& text) {
  try {
    const NodeRange range = ReadNodeRange(text);
    return std::to_string(range.least) + "-" + std::to_string(range.most);
  } catch (const LaunchError& error) {
    return error.what();
  }
}

TEST(ReadsMemory) {
  EXPECT_EQ(ReadMemoryMib("500").value(), 500);
  EXPECT_EQ(ReadMemoryMib("2g").value(), 2048);
  EXPECT_EQ(ReadMemoryMib("2GB").value(), 2048);
  EXPECT_EQ(ReadMemoryMib("1T").value(), 1048576);
  EXPECT_EQ(ReadMemoryMib("1025K").value(), 2);
  for (const char* text : {"", "x", "1X", "1GBB", "-1", "1.5G", "12345678901"}) {
    EXPECT_EQ_WITH(ReadMemoryMib(text).has_value(), false, text);
  }
}

TEST(ReadsGpus) {
  EXPECT_EQ(ReadGpus("2").value(), 2);
  EXPECT_EQ(ReadGpus("a100:2,v100:1").value(), 3);
  EXPECT_EQ(ReadGres("gpu").value(), 1);
  EXPECT_EQ(ReadGres("gpu:2").value(), 2);
  EXPECT_EQ(ReadGres("gpu:a100:2").value(), 2);
  EXPECT_EQ(ReadGres("none").value(), 0);
  for (const char* text : {"", "x", ":2", "a100:", "-1", "2,", "2:x"}) {
    const bool ends_in_comma = std::string(text) == "2,";
    EXPECT_EQ_WITH(ReadGpus(text).has_value(), ends_in_comma, text);
  }
  for (const char* text : {"", "x", "gpux", "gpu:", "gpu:x", "tape:1"}) EXPECT_EQ_WITH(ReadGres(text).has_value(), false, text);
}

TEST(ReadsNodeRanges) {
  EXPECT_EQ(RangeOf("2"), "2-2");
  EXPECT_EQ(RangeOf("2-4"), "2-4");
  EXPECT_EQ(RangeOf("x"), "\"x\" is not a valid node count");
  EXPECT_EQ(RangeOf("2-x"), "\"x\" is not a valid node count");
  EXPECT_EQ(RangeOf(""), "\"\" is not a valid node count");
  EXPECT_EQ(RangeOf("3-1"), "Maximum node count 1 is less than minimum node count 3");
  EXPECT_EQ(RangeOf("2-"), "Maximum node count -1 is less than minimum node count 2");
}

}  // namespace
}  // namespace launcher
