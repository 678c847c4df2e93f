#pragma once
/// One vector field of a growing segment.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "simile/base/aligned_buffer.h"
#include "simile/index/index.h"
#include "simile/schema.h"

namespace simile::segment {

/// A vector never moves: chunk 0 holds the first kFirstRows rows, and each further chunk as many
/// as all before it. So there are few parts to search, and the part of the last chunk that is not
/// used yet is memory that was never touched, which costs nothing.
///
/// Thread rule: one thread appends; any thread reads rows that it learned of afterwards.
class GrowingVectors {
 public:
  static constexpr std::size_t kFirstRows = 1024;

  explicit GrowingVectors(const Field& field);

  /// `packed`: rows one after the other.
  void append(std::span<const std::byte> packed, std::size_t rows);
  /// The first `rows` rows, part by part.
  std::vector<index::Rows> parts(std::size_t rows) const;
  std::uint64_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kChunks = 23;  // 1024 << 22 = 2^32 rows
  struct Chunk {
    AlignedBuffer vectors;
    AlignedBuffer inverse_lengths;  // cosine only
  };
  static std::size_t chunk_begin(std::size_t chunk) {
    return chunk == 0 ? 0 : kFirstRows << (chunk - 1);
  }
  static std::size_t chunk_rows(std::size_t chunk) {
    return chunk == 0 ? kFirstRows : kFirstRows << (chunk - 1);
  }

  VectorType type_;
  bool has_lengths_;
  std::size_t rows_ = 0;  // the appending thread's
  std::array<Chunk, kChunks> chunks_;
  std::atomic<std::uint64_t> memory_bytes_{0};
};

}  // namespace simile::segment
