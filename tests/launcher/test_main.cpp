// Runs the tests of the files named in argv (hostlist_test, ...), or all; exit code 1 if one
// failed.

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "test.h"

namespace test {
namespace {

struct Case {
  std::string file;
  std::string name;
  void (*body)();
};

std::vector<Case>& Cases() {
  static std::vector<Case> cases;
  return cases;
}

int failures = 0;

std::string Stem(const std::string& path) {
  const size_t start = path.rfind('/') + 1;
  return path.substr(start, path.rfind('.') - start);
}

}  // namespace

Registration::Registration(const char* file, const char* name, void (*body)()) {
  Cases().push_back({Stem(file), name, body});
}

void Fail(const char* file, int line, const std::string& what) {
  ++failures;
  std::printf("%s:%d: %s\n", file, line, what.c_str());
}

int Run(const std::vector<std::string>& files) {
  int run = 0;
  for (const Case& test : Cases()) {
    if (!files.empty() && std::find(files.begin(), files.end(), test.file) == files.end()) continue;
    ++run;
    try {
      test.body();
    } catch (const std::exception& error) {
      Fail(test.file.c_str(), 0, test.name + " threw: " + error.what());
    }
  }
  if (run == 0) Fail("test_main.cpp", 0, "no such test file");
  std::printf("%d tests, %d failures\n", run, failures);
  return failures == 0 ? 0 : 1;
}

}  // namespace test

int main(int argc, char** argv) { return test::Run({argv + 1, argv + argc}); }
