#pragma once
/// Several lists of hits made one: reciprocal rank fusion (Cormack, Clarke, Buettcher, SIGIR 2009)
/// and weighted sums of scores.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "simile/types.h"

namespace simile::server {

/// The hits of one query in one list, nearest first. A key is a number that stands for a row.
struct RankedList {
  std::vector<std::size_t> keys;
  std::vector<float> scores;  ///< in Milvus' sign
  Metric metric = Metric::kL2;
};

struct FusedHit {
  std::size_t key = 0;
  float score = 0;
};

/// How the scores that several lists have for one row become one.
enum class ScoreMerge : std::uint8_t { kMax, kSum, kAverage };

/// A score that is larger for nearer: distances become 1 - 2 atan(d) / pi always, other metrics are
/// brought into [0, 1] where `normalize`.
float comparable_score(Metric metric, float score, bool normalize);

/// Comparable scores of all lists, merged.
std::vector<FusedHit> fuse_by_score(std::span<const RankedList> lists, ScoreMerge merge,
                                    bool normalize);

/// Sum of 1 / (k + rank), ranks from 1. Best first; ties by the first list, then its order.
std::vector<FusedHit> fuse_by_rank(std::span<const RankedList> lists, float k);

/// Sum of weight x score. Scores of different metrics are made comparable where `normalize`: all in
/// [0, 1] and larger for nearer; distances always are.
std::vector<FusedHit> fuse_by_weight(std::span<const RankedList> lists,
                                     std::span<const float> weights, bool normalize);

/// Hits that have the same group (of their key), `size` of each at most, best first; groups in the
/// order of what `merge` makes of the scores of their hits.
std::vector<std::vector<FusedHit>> group_hits(std::span<const FusedHit> hits,
                                              std::span<const std::string> groups, std::size_t size,
                                              ScoreMerge merge);

}  // namespace simile::server
