#include "text/hex.h"

#include "test.h"

namespace launcher {
namespace {

TEST(WritesLowerCase) {
  EXPECT_EQ(ToHex(std::string_view("\x00\x7f\xff\xa0", 4)), std::string("007fffa0"));
}

TEST(ReadsEitherCase) { EXPECT_TRUE(FromHex("00fFAb") == std::string("\x00\xff\xab", 3)); }

TEST(RefusesWhatIsNotHex) {
  for (const char* text : {"0", "0g", "zz", " 00", "0x00", "00 "})
    EXPECT_EQ_WITH(FromHex(text).has_value(), false, text);
  EXPECT_TRUE(FromHex("") == std::string());
}

}  // namespace
}  // namespace launcher
