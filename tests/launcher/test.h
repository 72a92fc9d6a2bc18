#ifndef TESTS_LAUNCHER_TEST_H_
#define TESTS_LAUNCHER_TEST_H_

// A test harness of one page. TEST(Name) { ... } registers itself; a failed expectation is printed
// and counted, and the test goes on.

#include <string>
#include <type_traits>
#include <vector>

namespace test {

/// Remembers a test; `file` is where it stands, so that one file can be run alone.
struct Registration {
  Registration(const char* file, const char* name, void (*body)());
};

/// Prints and counts a failure.
void Fail(const char* file, int line, const std::string& what);

/// A value as a failure shows it.
template <typename T>
std::string Show(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_convertible_v<T, std::string>) {
    return "\"" + std::string(value) + "\"";
  } else {
    std::string text = "[";
    for (const auto& item : value) text += (text.size() > 1 ? ", " : "") + Show(item);
    return text + "]";
  }
}

template <typename A, typename B>
void ExpectEqual(const char* file, int line, const char* text, const A& actual, const B& expected,
                 const std::string& context = "") {
  if (actual == expected) return;
  Fail(file, line,
       std::string(text) + "\n    is       " + Show(actual) + "\n    expected " + Show(expected) +
           (context.empty() ? "" : "\n    with     " + context));
}

}  // namespace test

#define TEST(name)                                                                  \
  static void Test##name();                                                         \
  static const test::Registration registration_##name(__FILE__, #name, Test##name); \
  static void Test##name()

#define EXPECT_EQ(actual, expected) \
  test::ExpectEqual(__FILE__, __LINE__, #actual, (actual), (expected))

/// The same inside a loop over cases: `context` tells which one.
#define EXPECT_EQ_WITH(actual, expected, context) \
  test::ExpectEqual(__FILE__, __LINE__, #actual, (actual), (expected), (context))

#define EXPECT_TRUE(condition) \
  test::ExpectEqual(__FILE__, __LINE__, #condition, static_cast<bool>(condition), true)

#define EXPECT_FALSE(condition) \
  test::ExpectEqual(__FILE__, __LINE__, #condition, static_cast<bool>(condition), false)

/// `statement` throws `type` with exactly this what().
#define EXPECT_THROW(statement, type, message)                                       \
  do {                                                                               \
    std::string caught = "(nothing thrown)";                                         \
    try {                                                                            \
      static_cast<void>(statement);                                                  \
    } catch (const type& error) {                                                    \
      caught = error.what();                                                         \
    }                                                                                \
    test::ExpectEqual(__FILE__, __LINE__, #statement, caught, std::string(message)); \
  } while (false)

#endif  // TESTS_LAUNCHER_TEST_H_
