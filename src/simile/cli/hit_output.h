#pragma once
/// Hits of many queries, to the terminal or to a file.

#include <cstdint>
#include <memory>
#include <string>

#include "simile/cli/console.h"
#include "simile/collection.h"
#include "simile/error.h"

namespace simile::cli {

struct HitOutputOptions {
  std::string path;            ///< .npy .ivecs .jsonl .csv; empty: the terminal
  std::string distances_path;  ///< .npy .fvecs; empty: none
  std::uint32_t k = 10;
  bool integer_keys = true;  ///< .npy and .ivecs hold integers only
};

/// Thread rule: one thread at a time.
class HitOutput {
 public:
  /// Opens files before the first search, so that a bad path costs no time. Files get their name
  /// in finish(). `console` outlives it.
  static Result<std::unique_ptr<HitOutput>> open(const HitOutputOptions& options, Console& console);
  virtual ~HitOutput() = default;

  /// Adds the hits of the next queries; `first_query` is the number of the first, from 0.
  virtual Status add(const SearchResult& result, std::uint64_t first_query) = 0;
  virtual Status finish() = 0;
};

/// One hit as JSON: the row, with "distance" after the key.
Json json_hit(const SearchResult& result, std::size_t hit);

}  // namespace simile::cli
