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

}  // namespace test

#endif  // TESTS_LAUNCHER_CONTRACT_H_
