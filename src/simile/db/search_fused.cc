#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/fusion.h"

namespace simile {

namespace {

/// A key of either kind; the other part stays empty.
using OwnedKey = std::pair<std::int64_t, std::string>;

struct FusedHit {
  double score = 0;
  OwnedKey key;
  bool operator<(const FusedHit& other) const {
    return score != other.score ? score > other.score : key < other.key;
  }
};

OwnedKey key_at(const Column& keys, std::size_t i) {
  if (keys.type == FieldType::kString) return {0, keys.strings[i]};
  return {keys.values<std::int64_t>()[i], {}};
}

double similarity(Metric metric, double distance, bool normalize) {
  switch (metric) {
    case Metric::kCosine: return normalize ? (2 - distance) / 2 : 1 - distance;
    case Metric::kBm25: return normalize ? 2 * std::atan(-distance) / std::numbers::pi : -distance;
    case Metric::kInnerProduct:
      return normalize ? 0.5 + std::atan(-distance) / std::numbers::pi : -distance;
    default: return normalize ? 1 - 2 * std::atan(distance) / std::numbers::pi : -distance;
  }
}

std::size_t queries_of(const SearchRequest& search) {
  return search.queries.rows + search.sparse.size() + search.texts.size();
}

Status check_fusion(std::span<const SearchRequest> searches, const Fusion& fusion) {
  const auto refuse = [](std::string_view why) {
    return fail(ErrorCode::kInvalidArgument, std::string(why));
  };
  if (searches.empty()) return refuse("no search to fuse");
  if (fusion.k == 0 || fusion.k > kMaxK || fusion.offset > kMaxK - fusion.k) {
    return refuse(join_text("k is ", fusion.k, "; it must be from 1 to ", kMaxK,
                            ", and with offset not more"));
  }
  if (fusion.kind == Fusion::Kind::kWeighted && fusion.weights.size() != searches.size()) {
    return refuse(join_text(fusion.weights.size(), " weights for ", searches.size(), " searches"));
  }
  const auto finite = [](float weight) { return std::isfinite(weight); };
  if (!std::ranges::all_of(fusion.weights, finite)) return refuse("a weight is not finite");
  if (!(fusion.rank_constant > 0) || !finite(fusion.rank_constant)) {
    return refuse("the rank constant must be larger than 0");
  }
  for (const SearchRequest& search : searches) {
    if (queries_of(search) != queries_of(searches[0])) {
      return refuse("the searches have different numbers of queries");
    }
  }
  return {};
}

class Fuser {
 public:
  Fuser(const Snapshot& snapshot, const Fusion& fusion) : snapshot_(snapshot), fusion_(fusion) {}

  Status add(const SearchRequest& search, std::size_t position) {
    SIMILE_ASSIGN(const Field* field, snapshot_.schema().vector_field(search.field));
    SearchRequest request = search;
    request.fields.clear();
    SIMILE_ASSIGN(const SearchResult found, snapshot_.search(request));
    scores_.resize(found.offsets.size() - 1);
    const Column& keys = found.rows.columns[0];
    for (std::size_t query = 0; query < scores_.size(); ++query) {
      const std::size_t first = found.offsets[query];
      for (std::size_t i = first; i < found.offsets[query + 1]; ++i) {
        scores_[query][key_at(keys, i)] +=
            fusion_.kind == Fusion::Kind::kReciprocalRank
                ? 1.0 / (double{fusion_.rank_constant} + static_cast<double>(i - first + 1))
                : double{fusion_.weights[position]} *
                      similarity(field->metric, double{found.distances[i]}, fusion_.normalize);
      }
    }
    return {};
  }

  Result<SearchResult> fused() const {
    SearchResult result;
    result.offsets.push_back(0);
    std::vector<OwnedKey> keys;
    for (const auto& scores : scores_) {
      std::vector<FusedHit> hits;
      for (const auto& [key, score] : scores) hits.push_back({score, key});
      std::sort(hits.begin(), hits.end());
      const std::size_t end =
          std::min<std::size_t>(hits.size(), std::size_t{fusion_.offset} + fusion_.k);
      for (std::size_t i = fusion_.offset; i < end; ++i) {
        result.distances.push_back(static_cast<float>(-hits[i].score));
        keys.push_back(std::move(hits[i].key));
      }
      result.offsets.push_back(keys.size());
    }
    SIMILE_ASSIGN(result.rows, rows_of(keys));
    return result;
  }

 private:
  /// The key alone where no field is wanted: then without a look at the rows.
  Result<Table> rows_of(const std::vector<OwnedKey>& keys) const {
    const Field& key = snapshot_.schema().primary_key();
    const std::vector<std::string> fields =
        fusion_.fields.empty() ? std::vector<std::string>{key.name} : fusion_.fields;
    if (key.type == FieldType::kString) {
      std::vector<std::string_view> texts;
      for (const OwnedKey& each : keys) texts.push_back(each.second);
      return snapshot_.get(std::span<const std::string_view>(texts), fields);
    }
    std::vector<std::int64_t> numbers;
    for (const OwnedKey& each : keys) numbers.push_back(each.first);
    return snapshot_.get(std::span<const std::int64_t>(numbers), fields);
  }

  const Snapshot& snapshot_;
  const Fusion& fusion_;
  std::vector<std::map<OwnedKey, double>> scores_;  // of each query
};

}  // namespace

Result<SearchResult> fused_search(const Snapshot& snapshot, std::span<const SearchRequest> searches,
                                  const Fusion& fusion) {
  SIMILE_TRY(check_fusion(searches, fusion));
  Fuser fuser(snapshot, fusion);
  for (std::size_t i = 0; i < searches.size(); ++i) SIMILE_TRY(fuser.add(searches[i], i));
  return fuser.fused();
}

}  // namespace simile
