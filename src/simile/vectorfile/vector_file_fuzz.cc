// The first byte chooses the format, the rest is the file. Not .hdf5: its library is fuzzed by its
// makers, and each find there would stop the search for those of ours.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "simile/vectorfile/id_file.h"
#include "simile/vectorfile/vector_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace simile::vectorfile;
  static const char* const kExtensions[] = {".npy",   ".npz", ".fvecs", ".bvecs",
                                            ".ivecs", ".csv", ".jsonl", ".tsv"};
  if (size == 0) return 0;
  const char* folder = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  const std::string path =
      std::string(folder) + "/simile_fuzz_" + std::to_string(::getpid()) + kExtensions[data[0] % 8];
  std::FILE* output = std::fopen(path.c_str(), "wb");
  if (output == nullptr) std::abort();
  std::fwrite(data + 1, 1, size - 1, output);
  std::fclose(output);

  if (auto file = VectorFile::open(path)) {
    Block block;
    // A few rows can be many: deflated bytes grow a thousandfold.
    for (int blocks = 0; blocks < 100 && (*file)->next(64, block) && block.rows > 0; ++blocks) {
      const std::size_t bytes = block.rows * (*file)->info().type.bytes();
      if (block.vectors.size() < bytes) std::abort();
      for (const simile::Column& column : block.columns) {
        if (column.rows < block.rows) std::abort();
      }
    }
  }
  if (auto ids = IdFile::open(path, std::nullopt)) {
    simile::Column column;
    for (int blocks = 0; blocks < 100 && (*ids)->next(64, column) && column.rows > 0; ++blocks) {
    }
  }
  std::remove(path.c_str());
  return 0;
}
