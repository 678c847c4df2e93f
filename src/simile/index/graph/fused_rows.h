#pragma once
/// A vertex with all that a walk needs to leave it again, in one run of memory: its own int8 code,
/// and the ids and codes (quantization/neighbor_codec.h) of its neighbours. A hop is then one wait
/// for memory instead of one for each neighbour, and the lines of a row arrive together.
///
/// A row: code (dim bytes) | squared length of the code (f32), padding to 64 bytes |
///        ids (u32 x places) | addends, factors (f16 x places, each) | blocks of neighbour codes
/// Places are the degree, rounded up to whole blocks of 32; unused ones hold kNoNode. Edges that
/// the graph does not have are filled with the nearest neighbours' neighbours: their codes are in
/// the row anyway, and more edges shorten walks.

#include <cstdint>
#include <cstring>
#include <span>

#include "simile/base/growable_buffer.h"
#include "simile/base/prefetch.h"
#include "simile/index/graph/graph_core.h"
#include "simile/kernels/neighbor_codes.h"
#include "simile/quantization/int8_space.h"
#include "simile/quantization/neighbor_codec.h"

namespace simile::index {

class FusedRows {
 public:
  FusedRows(std::size_t code_dim, std::uint32_t degree);

  std::size_t size() const { return size_; }
  const quantization::NeighborCodec& codec() const { return codec_; }
  std::size_t places() const { return places_; }

  const std::byte* row(std::uint32_t node) const { return rows_.data() + node * stride_; }
  static float squared(const std::byte* row, std::size_t code_dim) {
    float value;
    std::memcpy(&value, row + code_dim, sizeof value);
    return value;
  }
  const std::uint32_t* ids(const std::byte* row) const {
    return reinterpret_cast<const std::uint32_t*>(row + ids_at_);
  }
  kernels::NeighborBlock block(const std::byte* row, std::size_t index) const {
    const auto* halves = reinterpret_cast<const std::uint16_t*>(row + halves_at_);
    return {reinterpret_cast<const std::uint8_t*>(row + codes_at_) + index * codec_.block_bytes(),
            halves + index * kernels::kBlockCodes, halves + places_ + index * kernels::kBlockCodes,
            codec_.groups(), codec_.planes()};
  }
  /// To the second-level cache: a row would push the query's tables out of the first.
  SIMILE_ALWAYS_INLINE void prefetch(std::uint32_t node) const {
    prefetch_lines<CacheLevel::kSecond>(row(node), stride_);
  }

  /// Makes the rows of `nodes` anew from the graph. The same for any number of threads.
  void update(const quantization::Int8Space& space, const GraphCore& core,
              std::span<const std::uint32_t> nodes, std::uint32_t threads);

  std::span<const std::byte> bytes() const { return rows_.bytes(); }
  /// Takes rows as bytes() gave them; kDataLoss where they do not fit or an id is out of range.
  Status assign(std::span<const std::byte> bytes, std::size_t nodes);

 private:
  struct Scratch;
  void write_row(const quantization::Int8Space& space, const GraphCore& core, std::uint32_t node,
                 Scratch& scratch);
  void collect(const quantization::Int8Space& space, const GraphCore& core, std::uint32_t node,
               Scratch& scratch) const;

  quantization::NeighborCodec codec_;
  std::size_t places_;
  std::size_t ids_at_;
  std::size_t halves_at_;
  std::size_t codes_at_;
  std::size_t stride_;
  std::size_t size_ = 0;
  GrowableBuffer rows_;
};

}  // namespace simile::index
