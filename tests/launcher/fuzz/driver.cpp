// Stands in for libFuzzer where there is no clang: runs every file of a corpus, then mutants of them for some time.
//
//     NAME_fuzz CORPUS [SECONDS] [SEED]
//
// The seed is printed; the input that a crash was on is left in crash-NAME.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size);

namespace {

using Random = std::mt19937_64;

std::string crash_file;

void RunOne(const std::string& input) {
  std::ofstream(crash_file, std::ios::binary | std::ios::trunc) << input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const unsigned char*>(input.data()), input.size());
}

size_t Below(Random* random, size_t bound) { return bound == 0 ? 0 : (*random)() % bound; }

/// One to eight changes: a bit, a byte, a piece doubled, moved from another input, or left out.
std::string Mutant(std::string input, const std::string& other, Random* random) {
  for (size_t changes = 1 + Below(random, 8); changes > 0; --changes) {
    const size_t at = Below(random, input.size() + 1);
    const size_t length = 1 + Below(random, 16);
    switch (Below(random, 5)) {
      case 0:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << Below(random, 8)));
        break;
      case 1:
        input.insert(at, 1, static_cast<char>(Below(random, 256)));
        break;
      case 2:
        input.insert(at, input.substr(Below(random, input.size() + 1), length));
        break;
      case 3:
        input.insert(at, other.substr(Below(random, other.size() + 1), length));
        break;
      default:
        input.erase(at, length);
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::filesystem::path program(argv[0]);
  crash_file = "crash-" + program.filename().string();
  const double seconds = argc > 2 ? std::atof(argv[2]) : 1;
  const unsigned long long seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : std::random_device()();
  std::printf("seed %llu\n", seed);
  std::fflush(stdout);

  std::vector<std::string> corpus;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    std::ifstream file(entry.path(), std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    RunOne(corpus.back());
  }
  if (corpus.empty()) {
    std::printf("%s: no corpus\n", argv[1]);
    return 1;
  }
  Random random(seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  size_t mutants = 0;
  for (; std::chrono::steady_clock::now() < end; ++mutants) {
    RunOne(Mutant(corpus[Below(&random, corpus.size())], corpus[Below(&random, corpus.size())], &random));
  }
  std::filesystem::remove(crash_file);
  std::printf("%zu inputs, %zu mutants\n", corpus.size(), mutants);
}
