#pragma once
/// Several searches in one: their hits fused by rank or by distance.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "simile/collection.h"

namespace simile {

/// How hits of several searches become one list.
///   kReciprocalRank  score = sum of 1 / (rank_constant + rank), ranks from 1
///   kWeighted        score = sum of weight x similarity, which is 1 - cosine distance, the inner
///                    product, minus any other distance; `normalize` maps it to 0..1 before:
///                    cosine (1 + s) / 2, inner product 1/2 + atan(s) / pi, BM25 2 atan(s) / pi,
///                    others 1 - 2 atan(distance) / pi
struct Fusion {
  enum class Kind : std::uint8_t { kReciprocalRank, kWeighted };
  Kind kind = Kind::kReciprocalRank;
  float rank_constant = 60;
  std::vector<float> weights;  ///< kWeighted: one a search
  bool normalize = true;
  std::uint32_t k = 10;
  std::uint32_t offset = 0;
  std::vector<std::string> fields;  ///< columns to return beside the key
};

/// Runs the searches, which have the same number of queries each, and fuses what they find; their
/// own `fields` are not looked at. Distances are minus the scores; ties in the order of keys.
Result<SearchResult> fused_search(const Snapshot& snapshot, std::span<const SearchRequest> searches,
                                  const Fusion& fusion);

}  // namespace simile
