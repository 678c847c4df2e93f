#pragma once
/// What a graph keeps in the row of a node, behind its code: the edges, and with FusedLayout all
/// that a walk needs to leave the node again. A hop is then one wait for memory instead of one for
/// each neighbour, and the lines of a row arrive together.
///
/// An edge sits in a place; an unused place holds kNoNode. Edges keep their places when others
/// change, since writing one costs the coding of a neighbour.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "simile/kernels/neighbor_codes.h"
#include "simile/quantization/bit_space.h"
#include "simile/quantization/int4_space.h"
#include "simile/quantization/int8_space.h"
#include "simile/quantization/neighbor_codec.h"

namespace simile::index {

inline constexpr std::uint32_t kNoNode = 0xFFFF'FFFF;

/// code, to a multiple of 4 bytes | ids (u32 x places)
template <class SpaceType>
class PlainLayout {
 public:
  using Space = SpaceType;

  PlainLayout(std::size_t code_bytes, std::uint32_t degree)
      : places_(degree),
        ids_at_((code_bytes + 3) / 4 * 4),
        tail_bytes_(ids_at_ - code_bytes + 4 * places_) {}

  std::size_t tail_bytes() const { return tail_bytes_; }
  std::size_t places() const { return places_; }
  const std::uint32_t* ids(const std::byte* row) const {
    return reinterpret_cast<const std::uint32_t*>(row + ids_at_);
  }
  std::uint32_t* ids(std::byte* row) const {
    return reinterpret_cast<std::uint32_t*>(row + ids_at_);
  }
  void clear_place(std::byte* row, std::size_t place) const { ids(row)[place] = kNoNode; }
  void clear_places(std::byte* row) const { std::fill_n(ids(row), places_, kNoNode); }
  void set_place(Space&, std::byte* row, std::size_t place, std::uint32_t neighbor) const {
    ids(row)[place] = neighbor;
  }

 private:
  std::size_t places_;
  std::size_t ids_at_;
  std::size_t tail_bytes_;
};

using BitLayout = PlainLayout<quantization::BitSpace>;
using Int4Layout = PlainLayout<quantization::Int4Space>;

/// int8 code | ids (u32 x places) | addends, factors (f16 x places, each) | to a whole line |
/// blocks of neighbour codes (quantization/neighbor_codec.h) | to a whole line. Places are the
/// degree, rounded up to whole blocks of 32.
class FusedLayout {
 public:
  using Space = quantization::Int8Space;
  static constexpr std::size_t kLine = 64;

  FusedLayout(std::size_t code_bytes, std::uint32_t degree)
      : codec_(code_bytes),
        places_((degree + kernels::kBlockCodes - 1) / kernels::kBlockCodes * kernels::kBlockCodes),
        ids_at_(code_bytes),
        halves_at_(ids_at_ + places_ * sizeof(std::uint32_t)),
        codes_at_(whole_lines(halves_at_ + 2 * places_ * sizeof(std::uint16_t))),
        row_bytes_(whole_lines(codes_at_ + blocks() * codec_.block_bytes())) {}

  const quantization::NeighborCodec& codec() const { return codec_; }
  std::size_t tail_bytes() const { return row_bytes_ - ids_at_; }
  std::size_t places() const { return places_; }
  std::size_t blocks() const { return places_ / kernels::kBlockCodes; }

  const std::uint32_t* ids(const std::byte* row) const {
    return reinterpret_cast<const std::uint32_t*>(row + ids_at_);
  }
  std::uint32_t* ids(std::byte* row) const {
    return reinterpret_cast<std::uint32_t*>(row + ids_at_);
  }
  kernels::NeighborBlock block(const std::byte* row, std::size_t index) const {
    const auto* halves = reinterpret_cast<const std::uint16_t*>(row + halves_at_);
    return {reinterpret_cast<const std::uint8_t*>(row + codes_at_) + index * codec_.block_bytes(),
            halves + index * kernels::kBlockCodes, halves + places_ + index * kernels::kBlockCodes,
            codec_.groups(), codec_.planes()};
  }
  /// The lines of a row, all of which a walk reads.
  std::size_t lines() const { return row_bytes_ / kLine; }
  kernels::LinesAhead lines(const std::byte* row) const { return {row, lines()}; }

  void clear_place(std::byte* row, std::size_t place) const {
    ids(row)[place] = kNoNode;
    halves(row)[place] = kInfinity;  // the estimate of an empty place is never near
    halves(row)[places_ + place] = 0;
  }
  // One after the other: gcc 12 turns a loop over clear_place() into one that leaves the ids as
  // they are.
  void clear_places(std::byte* row) const {
    std::fill_n(ids(row), places_, kNoNode);
    std::fill_n(halves(row), places_, kInfinity);
    std::fill_n(halves(row) + places_, places_, std::uint16_t{0});
  }
  void set_place(Space& space, std::byte* row, std::size_t place, std::uint32_t neighbor) const {
    const std::size_t block = place / kernels::kBlockCodes;
    auto* codes = reinterpret_cast<std::uint8_t*>(row + codes_at_) + block * codec_.block_bytes();
    std::uint16_t* addends = halves(row) + block * kernels::kBlockCodes;
    ids(row)[place] = neighbor;
    codec_.encode(reinterpret_cast<const std::int8_t*>(row), space.code(neighbor),
                  place % kernels::kBlockCodes, {codes, codec_.block_bytes()}, addends,
                  addends + places_);
  }

 private:
  static constexpr std::uint16_t kInfinity = 0x7C00;  // in float16

  static constexpr std::size_t whole_lines(std::size_t bytes) {
    return (bytes + kLine - 1) / kLine * kLine;
  }

  std::uint16_t* halves(std::byte* row) const {
    return reinterpret_cast<std::uint16_t*>(row + halves_at_);
  }

  quantization::NeighborCodec codec_;
  std::size_t places_;
  std::size_t ids_at_;
  std::size_t halves_at_;
  std::size_t codes_at_;
  std::size_t row_bytes_;
};

}  // namespace simile::index
