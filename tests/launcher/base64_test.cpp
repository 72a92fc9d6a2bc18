#include "text/base64.h"

#include <algorithm>

#include "test.h"

namespace launcher {
namespace {

struct Pair {
  const char* bytes;
  const char* text;
};

// RFC 4648, section 10.
constexpr Pair kPairs[] = {{"", ""},
                           {"f", "Zg=="},
                           {"fo", "Zm8="},
                           {"foo", "Zm9v"},
                           {"foob", "Zm9vYg=="},
                           {"fooba", "Zm9vYmE="},
                           {"foobar", "Zm9vYmFy"}};

TEST(EncodesWithPadding) {
  for (const Pair& pair : kPairs) EXPECT_EQ(EncodeBase64(pair.bytes), std::string(pair.text));
}

TEST(DecodesWithAndWithoutPadding) {
  for (const Pair& pair : kPairs) {
    std::string text = pair.text;
    EXPECT_EQ(DecodeBase64(text).value_or("(bad)"), std::string(pair.bytes));
    text.resize(std::min(text.find('='), text.size()));
    EXPECT_EQ(DecodeBase64(text).value_or("(bad)"), std::string(pair.bytes));
  }
}

TEST(ReadsBothAlphabets) {
  EXPECT_EQ(DecodeBase64("+/+/").value_or("(bad)"), std::string("\xfb\xff\xbf"));
  EXPECT_EQ(DecodeBase64("-_-_").value_or("(bad)"), std::string("\xfb\xff\xbf"));
}

TEST(RefusesWhatIsNotBase64) {
  for (const char* text : {"Z", "Zg=", "Zg===", "=", "====", "Z===", "Zg==Zg==", "Zm9v\n", " Zm9v",
                           "Zm 9v", "Zm9*", "Zh==", "Zm9=", "Zm9vY", "\xff\xff\xff\xff"}) {
    EXPECT_EQ_WITH(DecodeBase64(text).has_value(), false, text);
  }
}

TEST(KeepsEveryByte) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(DecodeBase64(EncodeBase64(bytes)) == bytes);
    bytes += static_cast<char>(i * 37);
  }
}

}  // namespace
}  // namespace launcher
