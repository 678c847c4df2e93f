#pragma once
/// Several lists of hits made one: reciprocal rank fusion (Cormack, Clarke, Buettcher, SIGIR 2009)
/// and weighted sums of scores.

#include <cstddef>
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

/// Sum of 1 / (k + rank), ranks from 1. Best first; ties by the first list, then its order.
std::vector<FusedHit> fuse_by_rank(std::span<const RankedList> lists, float k);

/// Sum of weight x score. Scores of different metrics are made comparable where `normalize`: all in
/// [0, 1] and larger for nearer; distances always are.
std::vector<FusedHit> fuse_by_weight(std::span<const RankedList> lists,
                                     std::span<const float> weights, bool normalize);

}  // namespace simile::server
