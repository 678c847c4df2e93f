/// Drives one fuzz target for a moment in the everyday tests, without libFuzzer:
///   1. every file of the corpus folder as it is;
///   2. damaged copies of them: one to eight bytes changed, then perhaps cut short;
///   3. random bytes of length 0 to 512.
/// Usage: <target> CORPUS_FOLDER. SIMILE_SEED replays a run, SIMILE_TORTURE makes it longer.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

std::vector<Bytes> read_corpus(const std::filesystem::path& folder) {
  std::vector<Bytes> inputs;
  if (!std::filesystem::is_directory(folder)) return inputs;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void damage(Bytes& input, std::mt19937_64& random) {
  if (input.empty()) return;
  for (std::uint64_t left = random() % 8 + 1; left > 0; --left) {
    input[random() % input.size()] = static_cast<std::uint8_t>(random());
  }
  if (random() % 4 == 0) input.resize(random() % input.size());
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<Bytes> corpus = read_corpus(argc > 1 ? argv[1] : "");
  const std::uint64_t seed = number_from_environment("SIMILE_SEED", std::random_device{}());
  const std::uint64_t rounds = 2'000 * number_from_environment("SIMILE_TORTURE", 1);
  std::printf("SIMILE_SEED=%llu, %zu files in the corpus\n", static_cast<unsigned long long>(seed),
              corpus.size());
  std::fflush(stdout);  // before a crash

  std::mt19937_64 random(seed);
  for (const Bytes& input : corpus) LLVMFuzzerTestOneInput(input.data(), input.size());
  for (std::uint64_t round = 0; round < rounds; ++round) {
    Bytes input;
    if (!corpus.empty() && round % 4 != 0) {
      input = corpus[random() % corpus.size()];
      damage(input, random);
    } else {
      input.resize(random() % 513);
      for (auto& byte : input) byte = static_cast<std::uint8_t>(random());
    }
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  return 0;
}
