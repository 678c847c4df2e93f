#include "simile/vectorfile/vector_file.h"

#include <array>
#include <utility>

#include "simile/base/text.h"
#include "simile/vectorfile/array_file.h"
#include "simile/vectorfile/record_file.h"

namespace simile::vectorfile {

namespace {

using Opener = Result<std::unique_ptr<VectorFile>> (*)(const std::string&, const OpenOptions&);

constexpr std::array<std::pair<std::string_view, Opener>, 11> kOpeners = {{
    {".npy", open_npy},
    {".npz", open_npz},
    {".fvecs", open_vecs},
    {".bvecs", open_vecs},
    {".ivecs", open_vecs},
    {".hdf5", open_hdf5},
    {".h5", open_hdf5},
    {".csv", open_csv},
    {".tsv", open_csv},
    {".jsonl", open_jsonl},
    {".ndjson", open_jsonl},
}};

}  // namespace

Result<std::unique_ptr<VectorFile>> VectorFile::open(const std::string& path,
                                                     const OpenOptions& options) {
  for (const auto& [extension, opener] : kOpeners) {
    if (path.ends_with(extension)) return opener(path, options);
  }
  return fail(
      ErrorCode::kInvalidArgument,
      join_text(path, ": not a kind of file that can be read; known: ", known_extensions()));
}

std::string_view known_extensions() {
  return ".npy .npz .fvecs .bvecs .ivecs .hdf5 .h5 .csv .tsv .jsonl .ndjson";
}

}  // namespace simile::vectorfile
