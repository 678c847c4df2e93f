#include "simile/index/flat/block_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "simile/index/flat/flat_index.h"
#include "simile/kernels/distance.h"
#include "simile/quantization/exact_scorer.h"

namespace simile::index {

namespace {

using quantization::ExactScorer;

// 32 x 512 distances are 64 KiB, a sixteenth of the second-level cache; 512 rows of 128 floats 256
// KiB.
constexpr std::size_t kTileQueries = 32;
constexpr std::size_t kTileRows = 512;
constexpr std::size_t kSlack = 16;
constexpr std::size_t kStrip = 32;

// Relative to the squared length of the longest vector in sight: each of the `dim` products and
// sums of a tile rounds by at most 2^-24 of it; the pair kernel errs as well, hence twice.
float rounding_bound(std::size_t dim, float longest_squared) {
  return 2.0f * (static_cast<float>(dim) + 8.0f) * 0x1.0p-23f * longest_squared;
}

float squared_length(const void* vector, VectorType type) {
  if (type.element == ElementType::kBit || type.element == ElementType::kInt8) return 0;
  const float inverse = quantization::inverse_length(vector, type);
  return std::isfinite(inverse) ? 1.0f / (inverse * inverse) : 0.0f;
}

class TileSearch {
 public:
  TileSearch(const Rows& rows, Metric metric, const MatrixView& queries,
             const SearchOptions& options)
      : rows_(rows),
        metric_(metric),
        queries_(queries),
        options_(options),
        kernels_(
            kernels::distance_functions(quantization::op_of(metric), rows.vectors.type.element)),
        values_(kTileQueries * kTileRows),
        tops_(kTileQueries) {
    for (std::size_t q = 0; q < queries.rows; ++q) {
      scorers_.emplace_back(rows.vectors, rows.inverse_lengths, metric, queries.row(q));
      tops_[q].reset(options.k + kSlack);
    }
  }

  void run(float longest_row_squared, Hit* hits) {
    for (std::size_t first = 0; first < rows_.vectors.rows; first += kTileRows) {
      tile(first, std::min(kTileRows, rows_.vectors.rows - first));
    }
    for (std::size_t q = 0; q < queries_.rows; ++q) {
      finish(q, longest_row_squared, hits + q * options_.k);
    }
  }

 private:
  void tile(std::size_t first, std::size_t count) {
    kernels_.block({.queries = queries_.data,
                    .query_stride = queries_.stride,
                    .query_count = queries_.rows,
                    .rows = rows_.vectors.row(first),
                    .row_stride = rows_.vectors.stride,
                    .row_count = count,
                    .dim = rows_.vectors.type.dim,
                    .out = values_.data(),
                    .out_stride = kTileRows});
    for (std::size_t q = 0; q < queries_.rows; ++q) {
      float* values = values_.data() + q * kTileRows;
      to_distances(scorers_[q], first, count, values);
      std::fill(values + count, values + kTileRows, std::numeric_limits<float>::infinity());
      select(tops_[q], first, count, values);
    }
  }

  void to_distances(const ExactScorer& scorer, std::size_t first, std::size_t count,
                    float* values) const {
    if (metric_ == Metric::kInnerProduct) {
      for (std::size_t i = 0; i < count; ++i) values[i] = -values[i];
    } else if (metric_ == Metric::kCosine) {
      for (std::size_t i = 0; i < count; ++i) values[i] = scorer.finish(values[i], first + i);
    }
  }

  // Once the candidates are good, hardly any row is near enough: strips without one are passed
  // over.
  void select(TopK& top, std::size_t first, std::size_t count, const float* values) const {
    float bound = top.bound();
    for (std::size_t strip = 0; strip < count; strip += kStrip) {
      int near = 0;
      for (std::size_t i = 0; i < kStrip; ++i) near |= values[strip + i] <= bound ? 1 : 0;
      if (near == 0) continue;
      for (std::size_t i = strip; i < std::min(strip + kStrip, count); ++i) {
        if (values[i] > bound) continue;
        if (options_.allowed != nullptr && !options_.allowed->test(first + i)) continue;
        top.push({values[i], RowId{static_cast<std::uint32_t>(first + i)}});
        bound = top.bound();
      }
    }
  }

  void finish(std::size_t q, float longest_row_squared, Hit* hits) {
    const float outside = tops_[q].bound();
    final_.reset(options_.k);
    for (const Hit& hit : tops_[q].take_sorted()) {
      final_.push({scorers_[q].distance(value_of(hit.row)), hit.row});
    }
    const float query_squared =
        squared_length(queries_.row(q), quantization::query_type(rows_.vectors.type));
    float error =
        rounding_bound(rows_.vectors.type.dim, std::max(longest_row_squared, query_squared));
    if (metric_ == Metric::kCosine) error = rounding_bound(rows_.vectors.type.dim, 1);
    if (final_.full() && final_.bound() > outside - error) {
      scan_exact(rows_, metric_, queries_.row(q), options_, hits);
    } else {
      write_hits(final_, options_.k, hits);
    }
  }

  const Rows& rows_;
  Metric metric_;
  MatrixView queries_;
  const SearchOptions& options_;
  const kernels::DistanceFunctions& kernels_;
  std::vector<float> values_;
  std::vector<ExactScorer> scorers_;
  std::vector<TopK> tops_;
  TopK final_;
};

}  // namespace

float longest_squared_length(const MatrixView& rows) {
  float longest = 0;
  for (std::size_t i = 0; i < rows.rows; ++i) {
    longest = std::max(longest, squared_length(rows.row(i), rows.type));
  }
  return longest;
}

void search_blocks(const Rows& rows, Metric metric, const MatrixView& queries,
                   const SearchOptions& options, float longest_row_squared, Hit* hits) {
  for (std::size_t first = 0; first < queries.rows; first += kTileQueries) {
    if (options.cancel != nullptr && options.cancel->cancelled()) {
      std::fill(hits + first * options.k, hits + queries.rows * options.k, Hit{});
      return;
    }
    const MatrixView part = queries.slice(first, std::min(kTileQueries, queries.rows - first));
    TileSearch(rows, metric, part, options).run(longest_row_squared, hits + first * options.k);
  }
}

}  // namespace simile::index
