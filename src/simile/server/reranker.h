#pragma once
/// A second order of hits, by functions of type Rerank: `decay` multiplies scores by how near the
/// value of a field is to an origin, `boost` by the weights of filters that a row matches.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <milvus/milvus.pb.h>
#include "simile/collection.h"
#include "simile/server/catalog.h"
#include "simile/server/fault.h"
#include "simile/server/model_ranker.h"
#include "simile/server/rank_fusion.h"

namespace simile::server {

struct DecayRanker {
  enum class Shape : std::uint8_t { kGauss, kExponential, kLinear };
  Shape shape = Shape::kGauss;
  std::string field;
  double origin = 0;
  double scale = 1;
  double offset = 0;
  double decay = 0.5;
  bool normalize = false;               ///< scores of every metric into 0..1, not only distances
  ScoreMerge merge = ScoreMerge::kMax;  ///< of several searches

  /// 1 within `offset` of the origin, `decay` a `scale` further.
  double factor(double value) const;
};

struct Boost {
  std::string filter;  ///< empty: every row
  double weight = 1;
  bool random = false;  ///< the weight times a number in [0, 1) that follows from seed and key
  std::uint64_t seed = 0;
};

struct BoostRanker {
  std::vector<Boost> boosts;
  bool add_weights = false;   ///< function_mode sum; else they are multiplied
  bool add_to_score = false;  ///< boost_mode sum; else the score is multiplied
  const CancelToken* cancel = nullptr;
};

struct Reranker {
  std::optional<DecayRanker> decay;
  std::optional<BoostRanker> boost;
  std::optional<ModelRanker> model;

  bool is_set() const { return decay || boost || model; }
  /// The field that it looks at; null where there is none.
  const std::string* field() const {
    return decay ? &decay->field : model ? &model->field : nullptr;
  }
  /// Whether its scores are larger for nearer, whatever the metric was.
  bool replaces_metric() const { return decay || model; }
};

/// Hits by their rows in a table, best first, query after query.
struct RankedHits {
  std::vector<std::size_t> rows;
  std::vector<float> scores;         ///< as clients see them
  std::vector<std::size_t> offsets;  ///< queries + 1
};

/// Every parameter is checked. No function: nothing is set.
Answer<Reranker> parse_reranker(const CollectionHandle& handle,
                                const ::milvus::proto::schema::FunctionScore& functions);

/// Hits with new scores, in their order. `hits` have the scores of `metric`, and `table` has the
/// keys first and the field of a decay.
Answer<void> rerank(const Reranker& reranker, const Snapshot& snapshot, const Table& table,
                    Metric metric, RankedHits& hits);

/// Keeps `limit` hits of each query from `offset` on.
void cut_hits(RankedHits& hits, std::size_t offset, std::size_t limit);

}  // namespace simile::server
