#include "simile/index/flat/flat_index.h"

#include <algorithm>
#include <array>
#include <vector>

#include "simile/index/flat/block_search.h"
#include "simile/index/top_k.h"
#include "simile/quantization/exact_scorer.h"

namespace simile::index {

namespace {

using quantization::ExactScorer;

// A chunk's distances stay in the first-level cache; a multiple of 64, so chunks are whole words.
constexpr std::size_t kChunk = 1024;
// What several queries read of a chunk stays in the second-level cache.
constexpr std::size_t kSharedBytes = 256 * 1024;
// Below one allowed row in four, gathering the allowed ones beats streaming all.
constexpr std::size_t kGatherBelow = 4;
// From this many queries on, blocks pay for packing.
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

/// A chunk of rows, and those that may be returned.
struct Chunk {
  std::size_t first;
  std::size_t count;
  bool is_filtered;
  std::size_t allowed;
  std::array<std::uint32_t, kChunk> ids;
};

void scan_chunk(const ExactScorer& scorer, const Chunk& chunk, TopK& top) {
  std::array<float, kChunk> distances;
  const bool few = chunk.is_filtered && chunk.allowed * kGatherBelow < chunk.count;
  if (few) {
    scorer.gather(chunk.ids.data(), chunk.allowed, distances.data());
  } else {
    scorer.scan(chunk.first, chunk.count, distances.data());
  }
  if (!chunk.is_filtered) return push_all(top, chunk.first, {distances.data(), chunk.count});
  for (std::size_t i = 0; i < chunk.allowed; ++i) {
    const std::uint32_t id = chunk.ids[i];
    top.push({distances[few ? i : id - chunk.first], RowId{id}});
  }
}

std::size_t chunk_rows(const MatrixView& rows, std::size_t queries) {
  if (queries == 1) return kChunk;
  return std::clamp<std::size_t>(kSharedBytes / rows.stride / 64 * 64, 64, kChunk);
}

/// Writes options.k hits a query.
void scan_together(const Rows& rows, Metric metric, const MatrixView& queries,
                   const SearchOptions& options, Hit* hits) {
  thread_local std::vector<TopK> tops;
  if (tops.size() < queries.rows) tops.resize(queries.rows);
  thread_local std::vector<ExactScorer> scorers;
  scorers.clear();
  scorers.reserve(queries.rows);
  for (std::size_t q = 0; q < queries.rows; ++q) {
    scorers.emplace_back(rows.vectors, rows.inverse_lengths, metric, queries.row(q));
    tops[q].reset(options.k);
  }
  const std::size_t step = chunk_rows(rows.vectors, queries.rows);
  Chunk chunk{0, 0, options.allowed != nullptr, 0, {}};
  std::size_t until_check = 0;
  for (std::size_t first = 0; first < rows.vectors.rows; first += step) {
    if (until_check-- == 0) {
      if (stopped(options)) break;
      until_check = kChunk * 64 / step / queries.rows;
    }
    chunk.first = first;
    chunk.count = std::min(step, rows.vectors.rows - first);
    if (chunk.is_filtered) {
      chunk.allowed = list_allowed(*options.allowed, first, chunk.count, chunk.ids.data());
      if (chunk.allowed == 0) continue;
    }
    for (std::size_t q = 0; q < queries.rows; ++q) scan_chunk(scorers[q], chunk, tops[q]);
  }
  for (std::size_t q = 0; q < queries.rows; ++q) {
    write_hits(tops[q], options.k, hits + q * options.k);
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
  const MatrixView queries(query, 1, quantization::query_type(rows.vectors.type));
  scan_together(rows, metric, queries, options, hits);
}

FlatIndex::FlatIndex(const Rows& rows, Metric metric) : rows_(rows), metric_(metric) {}

void FlatIndex::search(const MatrixView& queries, const SearchOptions& options, Hit* hits) const {
  const bool is_bits = rows_.vectors.type.element == ElementType::kBit;
  if (queries.rows >= kBlockQueries && !is_bits) {
    search_blocks(rows_, metric_, queries, options, hits);
  } else if (queries.rows > 0) {
    scan_together(rows_, metric_, queries, options, hits);
  }
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
