#include "simile/index/sparse/sparse_query.h"

#include <algorithm>
#include <cmath>

#include "simile/base/check.h"

namespace simile::index {

SparseQuery::SparseQuery(SparseRow query) {
  for (std::size_t i = 0; i < query.size(); ++i) {
    const SparseEntry entry = query[i];
    if (entry.value != 0) terms_.push_back({entry.index, double{entry.value}});
  }
}

void SparseQuery::use_bm25(const Bm25Options& options, const Bm25Counts& counts) {
  SIMILE_CHECK(counts.rows_with.size() == terms_.size());
  is_bm25_ = true;
  k1_ = double{options.k1};
  b_ = double{options.b};
  const auto rows = static_cast<double>(counts.rows);
  if (counts.rows != 0 && counts.length > 0) average_length_ = counts.length / rows;
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    const auto with = static_cast<double>(counts.rows_with[i]);
    terms_[i].weight *= std::log(1 + (rows - with + 0.5) / (with + 0.5));
  }
}

double SparseQuery::part_bound(const Term& term, float least, float most, float shortest) const {
  // Monotonous in the value, falling in the length, and 0 where a row has no such component.
  return std::max({0.0, part(term, least, shortest), part(term, most, shortest)});
}

SparseQuery::Score SparseQuery::score(SparseRow row) const {
  Score score;
  float length = 0;
  const std::size_t size = row.size();
  std::size_t at = 0;
  for (const Term& term : terms_) {
    while (at < size && row[at].index < term.index) ++at;
    if (at == size) break;
    const SparseEntry entry = row[at];
    if (entry.index != term.index || entry.value == 0) continue;
    if (!score.any && is_bm25_) length = row.length();
    score.value += part(term, entry.value, length);
    score.any = true;
  }
  return score;
}

}  // namespace simile::index
