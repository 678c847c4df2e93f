#include "simile/index/flat/flat_index.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "simile/index/flat/block_search.h"
#include "simile/index/top_k.h"
#include "simile/quantization/exact_scorer.h"

namespace simile::index {

namespace {

using quantization::ExactScorer;

// A chunk's distances stay in the first-level cache; a multiple of 64, so chunks are whole words.
constexpr std::size_t kChunk = 1024;
// Below one allowed row in four, gathering the allowed ones beats streaming all.
constexpr std::size_t kGatherBelow = 4;
// From this many queries on, tiles pay for packing and for scoring the candidates twice.
constexpr std::size_t kBlockQueries = 4;

void push_all(TopK& top, std::size_t first, std::span<const float> distances) {
  float bound = top.bound();
  for (std::size_t i = 0; i < distances.size(); ++i) {
    if (distances[i] <= bound) {
      top.push({distances[i], RowId{static_cast<std::uint32_t>(first + i)}});
      bound = top.bound();
    }
  }
}

// The set bits of the words of one chunk, as row numbers.
std::size_t list_allowed(const Bitmap& allowed, std::size_t first, std::size_t count,
                         std::uint32_t* out) {
  std::size_t n = 0;
  const std::span<const std::uint64_t> words = allowed.words();
  for (std::size_t w = first / 64; w * 64 < first + count; ++w) {
    for (std::uint64_t bits = words[w]; bits != 0; bits &= bits - 1) {
      out[n++] =
          static_cast<std::uint32_t>(w * 64) + static_cast<std::uint32_t>(std::countr_zero(bits));
    }
  }
  return n;
}

bool stopped(const SearchOptions& options) {
  return options.cancel != nullptr && options.cancel->cancelled();
}

void scan_chunk(const ExactScorer& scorer, const Bitmap* allowed, std::size_t first,
                std::size_t count, TopK& top) {
  std::array<float, kChunk> distances;
  if (allowed == nullptr) {
    scorer.scan(first, count, distances.data());
    push_all(top, first, {distances.data(), count});
    return;
  }
  std::array<std::uint32_t, kChunk> ids;
  const std::size_t n = list_allowed(*allowed, first, count, ids.data());
  if (n * kGatherBelow >= count) {
    scorer.scan(first, count, distances.data());
    for (std::size_t i = 0; i < n; ++i) top.push({distances[ids[i] - first], RowId{ids[i]}});
  } else {
    scorer.gather(ids.data(), n, distances.data());
    for (std::size_t i = 0; i < n; ++i) top.push({distances[i], RowId{ids[i]}});
  }
}

}  // namespace

void write_hits(TopK& top, std::size_t k, Hit* hits) {
  const std::span<const Hit> sorted = top.take_sorted();
  std::copy(sorted.begin(), sorted.end(), hits);
  std::fill(hits + sorted.size(), hits + k, Hit{});
}

void scan_exact(const Rows& rows, Metric metric, const void* query, const SearchOptions& options,
                Hit* hits) {
  thread_local TopK top;
  top.reset(options.k);
  const ExactScorer scorer(rows.vectors, rows.inverse_lengths, metric, query);
  for (std::size_t first = 0; first < rows.vectors.rows; first += kChunk) {
    if (first % (kChunk * 64) == 0 && stopped(options)) break;
    scan_chunk(scorer, options.allowed, first, std::min(kChunk, rows.vectors.rows - first), top);
  }
  write_hits(top, options.k, hits);
}

FlatIndex::FlatIndex(const Rows& rows, Metric metric) : rows_(rows), metric_(metric) {}

void FlatIndex::search(const MatrixView& queries, const SearchOptions& options, Hit* hits) const {
  const bool few_allowed =
      options.allowed != nullptr && options.allowed->count() * kGatherBelow < rows_.vectors.rows;
  if (queries.rows < kBlockQueries || few_allowed) {
    for (std::size_t q = 0; q < queries.rows; ++q) {
      scan_exact(rows_, metric_, queries.row(q), options, hits + q * options.k);
    }
    return;
  }
  search_blocks(rows_, metric_, queries, options, longest_squared(), hits);
}

float FlatIndex::longest_squared() const {
  float longest = longest_squared_.load(std::memory_order_relaxed);
  if (longest < 0) {
    longest = longest_squared_length(rows_.vectors);
    longest_squared_.store(longest, std::memory_order_relaxed);
  }
  return longest;
}

Status FlatIndex::save(io::SectionWriter&) const { return {}; }

std::uint64_t FlatIndex::memory_bytes() const { return 0; }

std::unique_ptr<VectorIndex> make_flat(const Rows& rows, Metric metric) {
  return std::make_unique<FlatIndex>(rows, metric);
}

void inverse_lengths(const MatrixView& vectors, std::span<float> out) {
  for (std::size_t i = 0; i < vectors.rows; ++i) {
    out[i] = quantization::inverse_length(vectors.row(i), vectors.type);
  }
}

}  // namespace simile::index
