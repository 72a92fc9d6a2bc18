#ifndef TESTS_LAUNCHER_CONTRACT_H_
#define TESTS_LAUNCHER_CONTRACT_H_

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace test {

/// Reads a file of tests/contract: the vectors that both languages keep to.
inline nlohmann::json Contract(const std::string& name) {
  std::ifstream file(std::string(CONTRACT_DIR) + "/" + name);
  return nlohmann::json::parse(file);
}

/// One table of it, by value: a loop over a part of a temporary would read what is gone.
inline nlohmann::json Contract(const std::string& name, const std::string& table) {
  return Contract(name).at(table);
}

}  // namespace test

#endif  // TESTS_LAUNCHER_CONTRACT_H_
