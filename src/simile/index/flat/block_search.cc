/// 1. A group of queries is packed once, then blocks of rows one after another, each of which stays
///    in the second-level cache while all queries of the group meet it. Of filtered rows only those
///    allowed are packed.
/// 2. The screen (kernels/screen.h) compares a lower bound of each distance with the query's k-th
///    nearest so far, and nominates the rows that are not above it: a hundred of a million.
/// 3. Nominated rows are computed as a scan would and enter the k nearest; the bound falls.
///
/// So results are those of a scan, whatever the batch, as long as the lower bound is one. With
/// n = dim, u = 2^-24 and c = (2.25 n + 64) u:
///
///   - The screen's sum of products differs from <q, r> by at most (n + 4) u |q||r|, rounded
///   factors
///     included (Cauchy; Higham, Accuracy and Stability, 3.1); |r|^2 differs by n u |r|^2.
///   - What the scan computes differs from the true distance by (n / 32 + 9) u times |q||r| for
///     products, |q|^2 + |r|^2 at most twice that for L2.
///   - 2 |q||r| <= |q|^2 + |r|^2. So c (|q|^2 + |r|^2), c |q||r| and c are more than all errors
///     together for L2, inner product and cosine. int8 sums are exact: c = 64 u.
///   - Vectors so long or short that products could overflow or vanish get a NaN for a value, which
///     nominates always.

#include "simile/index/flat/block_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "simile/base/aligned_buffer.h"
#include "simile/index/flat/flat_index.h"
#include "simile/index/top_k.h"
#include "simile/kernels/screen.h"
#include "simile/quantization/exact_scorer.h"

namespace simile::index {

namespace {

using kernels::ScreenQuery;
using quantization::ExactScorer;

constexpr std::size_t kRowBytes = 256 * 1024;  // a quarter of the second-level cache
constexpr std::size_t kMaxBlockRows = 1024;
// Packing a row costs as much as eight queries do, so as many as possible share it.
constexpr std::size_t kQueryBytes = 4 * 1024 * 1024;
constexpr std::size_t kMaxQueries = 1008;
constexpr std::size_t kLimit = 16;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// NaN where products with it could leave the range of float.
float checked_square(float squared_length) {
  return squared_length < 0x1p100f ? squared_length : kNan;
}
bool is_usual(float inverse_length) {
  return inverse_length > 0x1p-50f && inverse_length < 0x1p50f;
}

float error_share(VectorType type) {
  const float dim = type.element == ElementType::kInt8 ? 0 : static_cast<float>(type.dim);
  return (2.25f * dim + 64) * 0x1p-24f;
}

// Of one thread; kept from call to call, so that a small batch allocates nothing.
struct Workspace {
  AlignedBuffer queries;
  AlignedBuffer rows;
  std::vector<float> factors, row_factors, terms, lengths;
  std::vector<std::int32_t> offsets;
  std::vector<std::uint32_t> ids, nominated;
  std::vector<ScreenQuery> states;
  std::vector<ExactScorer> scorers;
  std::vector<float> squared;  // |q|^2
  std::vector<TopK> tops;
  std::vector<float> distances;
};

void reserve(AlignedBuffer& buffer, std::size_t bytes) {
  if (buffer.size() < bytes) buffer = AlignedBuffer(bytes);
}

std::size_t round_up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

/// One group of queries against all rows.
class GroupSearch {
 public:
  GroupSearch(const Rows& rows, Metric metric, const MatrixView& queries,
              const SearchOptions& options, Workspace& work)
      : rows_(rows),
        metric_(metric),
        queries_(queries),
        options_(options),
        kernels_(kernels::screen_functions(rows.vectors.type.element)),
        dim_(rows.vectors.type.dim),
        packed_bytes_(kernels_.packed_bytes(dim_)),
        error_(error_share(rows.vectors.type)),
        block_rows_(std::clamp(kRowBytes / packed_bytes_ / kernels_.panel_rows, std::size_t{1},
                               kMaxBlockRows / kernels_.panel_rows) *
                    kernels_.panel_rows),
        work_(work) {
    reserve(work.rows, block_rows_ * packed_bytes_);
    work.lengths.resize(block_rows_);
    work.terms.resize(block_rows_);
    prepare_queries();
  }

  /// False where it was cancelled.
  bool run() {
    std::size_t next = 0;  // row
    while (next < rows_.vectors.rows) {
      if (options_.cancel != nullptr && options_.cancel->cancelled()) return false;
      next = options_.allowed == nullptr ? dense_block(next) : filtered_block(next);
    }
    for (std::size_t q = 0; q < queries_.rows; ++q) score(q);
    return true;
  }

  void write(Hit* hits) {
    for (std::size_t q = 0; q < queries_.rows; ++q) {
      write_hits(work_.tops[q], options_.k, hits + q * options_.k);
    }
  }

 private:
  void prepare_queries() {
    const std::size_t count = queries_.rows;
    const std::size_t room = kLimit + kernels_.panel_rows;
    reserve(work_.queries, round_up(count, kernels_.tile_queries) * packed_bytes_);
    work_.scorers.clear();
    work_.scorers.reserve(count);
    if (work_.tops.size() < count) work_.tops.resize(count);
    work_.states.assign(count, {});
    work_.factors.resize(count);
    work_.squared.resize(count);
    work_.offsets.resize(count);
    work_.nominated.resize(count * room);
    work_.distances.resize(room);
    for (std::size_t q = 0; q < count; ++q) {
      work_.scorers.emplace_back(rows_.vectors, rows_.inverse_lengths, metric_, queries_.row(q));
      work_.tops[q].reset(options_.k);
      prepare_query(q, work_.states[q]);
      work_.states[q].rows = work_.nominated.data() + q * room;
    }
    kernels_.pack_queries({.vectors = queries_.data,
                           .stride = queries_.stride,
                           .ids = nullptr,
                           .count = count,
                           .dim = dim_,
                           .factors = work_.factors.data()},
                          work_.queries.data(), work_.offsets.data());
    for (std::size_t q = 0; q < count; ++q) work_.states[q].offset = work_.offsets[q];
  }

  void prepare_query(std::size_t q, ScreenQuery& state) {
    const void* query = queries_.row(q);
    const auto& product =
        kernels::distance_functions(kernels::Op::kInnerProduct, queries_.type.element);
    const float squared = checked_square(product.pair(query, query, dim_));
    work_.squared[q] = squared;
    state.bound = std::numeric_limits<float>::infinity();
    state.weight = 1;
    switch (metric_) {
      case Metric::kInnerProduct:
        state.factor = -1;
        state.weight = -error_ * std::sqrt(squared);
        break;
      case Metric::kCosine:
        state.factor = -work_.scorers[q].query_inverse_length();
        if (!is_usual(-state.factor)) state.weight = kNan;
        break;
      default:
        state.factor = -2;
        if (std::isnan(squared)) state.weight = kNan;
        break;
    }
    work_.factors[q] = state.factor;
  }

  /// What the screen's value must not be above for a distance not above `farthest`.
  float bound_of(std::size_t q, float farthest) const {
    double bound = static_cast<double>(farthest);
    if (metric_ == Metric::kL2) bound -= static_cast<double>(work_.squared[q] * (1 - error_));
    if (metric_ == Metric::kCosine) bound += static_cast<double>(error_) - 1;
    // Products that vanish are less than that together.
    bound += static_cast<double>(std::numeric_limits<float>::min());
    return std::nextafter(static_cast<float>(bound), std::numeric_limits<float>::infinity());
  }

  /// Packs and screens the rows from `first` on; returns the first one of the next block.
  std::size_t dense_block(std::size_t first) {
    const MatrixView& vectors = rows_.vectors;
    const std::size_t count = std::min(block_rows_, vectors.rows - first);
    const std::size_t next = first + count;
    const std::size_t ahead = std::min(block_rows_, vectors.rows - next);
    const std::size_t next_bytes =
        ahead == 0 ? 0 : (ahead - 1) * vectors.stride + vectors.type.bytes();
    const float* factors = metric_ == Metric::kCosine ? &rows_.inverse_lengths[first] : nullptr;
    screen({.vectors = vectors.row(first),
            .stride = vectors.stride,
            .ids = nullptr,
            .count = count,
            .dim = dim_,
            .factors = factors},
           first, next_bytes);
    return next;
  }

  /// The same for the allowed ones among them.
  std::size_t filtered_block(std::size_t first) {
    std::vector<std::uint32_t>& ids = work_.ids;
    ids.clear();
    const std::span<const std::uint64_t> words = options_.allowed->words();
    std::size_t word = first / 64;  // blocks end at whole words, but for the last
    for (; word < words.size() && ids.size() + 64 <= std::max<std::size_t>(block_rows_, 64);
         ++word) {
      for (std::uint64_t bits = words[word]; bits != 0; bits &= bits - 1) {
        ids.push_back(static_cast<std::uint32_t>(word * 64) +
                      static_cast<std::uint32_t>(std::countr_zero(bits)));
      }
    }
    for (std::size_t at = 0; at < ids.size(); at += block_rows_) {
      screen_ids({ids.data() + at, std::min(block_rows_, ids.size() - at)});
    }
    return word * 64;
  }

  void screen_ids(std::span<const std::uint32_t> ids) {
    std::vector<float>& factors = work_.row_factors;
    if (metric_ == Metric::kCosine) {
      factors.resize(ids.size());
      for (std::size_t i = 0; i < ids.size(); ++i) factors[i] = rows_.inverse_lengths[ids[i]];
    }
    screen({.vectors = rows_.vectors.data,
            .stride = rows_.vectors.stride,
            .ids = ids.data(),
            .count = ids.size(),
            .dim = dim_,
            .factors = metric_ == Metric::kCosine ? factors.data() : nullptr},
           0, 0);
  }

  void screen(const kernels::PackSource& source, std::size_t first, std::size_t next_bytes) {
    kernels_.pack_rows(source, work_.rows.data(), work_.lengths.data());
    set_terms(source);
    kernels_.screen(
        {.queries = work_.queries.data(),
         .states = work_.states.data(),
         .query_count = queries_.rows,
         .rows = work_.rows.data(),
         .row_count = source.count,
         .dim = dim_,
         .row_terms = work_.terms.data(),
         .row_factors = work_.lengths.data(),
         .ids = source.ids,
         .first_row = static_cast<std::uint32_t>(first),
         .limit = kLimit,
         .full = [](void* self,
                    std::size_t query) { static_cast<GroupSearch*>(self)->score(query); },
         .context = this,
         .next = static_cast<const std::byte*>(source.vectors) + source.count * source.stride,
         .next_bytes = next_bytes});
  }

  /// From squared lengths to terms; the lengths' place is taken by the factors of int8 rows.
  void set_terms(const kernels::PackSource& source) {
    for (std::size_t i = 0; i < source.count; ++i) {
      const float squared = checked_square(work_.lengths[i]);
      switch (metric_) {
        case Metric::kInnerProduct: work_.terms[i] = std::sqrt(squared); break;
        case Metric::kCosine: work_.terms[i] = is_usual(source.factors[i]) ? 0 : kNan; break;
        default: work_.terms[i] = squared * (1 - error_); break;
      }
      work_.lengths[i] = metric_ == Metric::kCosine ? source.factors[i] : 1;
    }
  }

  /// Step 3.
  void score(std::size_t q) {
    ScreenQuery& state = work_.states[q];
    TopK& top = work_.tops[q];
    work_.scorers[q].gather(state.rows, state.count, work_.distances.data());
    for (std::uint32_t i = 0; i < state.count; ++i) {
      if (work_.distances[i] <= top.bound()) top.push({work_.distances[i], RowId{state.rows[i]}});
    }
    state.count = 0;
    if (top.full()) state.bound = bound_of(q, top.bound());
  }

  const Rows& rows_;
  Metric metric_;
  MatrixView queries_;
  const SearchOptions& options_;
  const kernels::ScreenFunctions& kernels_;
  std::size_t dim_;
  std::size_t packed_bytes_;
  float error_;
  std::size_t block_rows_;
  Workspace& work_;
};

}  // namespace

void search_blocks(const Rows& rows, Metric metric, const MatrixView& queries,
                   const SearchOptions& options, Hit* hits) {
  thread_local Workspace work;
  const std::size_t bytes =
      kernels::screen_functions(rows.vectors.type.element).packed_bytes(rows.vectors.type.dim);
  const std::size_t at_once = std::clamp(kQueryBytes / bytes, std::size_t{32}, kMaxQueries);
  const std::size_t groups = (queries.rows + at_once - 1) / at_once;
  const std::size_t size = groups == 0 ? 0 : (queries.rows + groups - 1) / groups;
  for (std::size_t first = 0; first < queries.rows; first += size) {
    const MatrixView part = queries.slice(first, std::min(size, queries.rows - first));
    GroupSearch search(rows, metric, part, options, work);
    if (!search.run()) {
      std::fill(hits + first * options.k, hits + queries.rows * options.k, Hit{});
      return;
    }
    search.write(hits + first * options.k);
  }
}

}  // namespace simile::index
