#pragma once
/// Neighbours of a vertex as 1- or 2-bit codes of their direction from it, stored beside the
/// vertex, so that one read of memory gives estimated distances to all of them.
///
/// For a vertex c, a neighbour o and a query q, all as int8 codes (int8_codec.h; q before
/// rounding), r = o - c, and x the code of r, components from {-1, 1} or {-3, -1, 1, 3}:
///   |q - o|^2 = |q - c|^2 + |r|^2 - 2 <r, q - c>,   <r, y> estimated by g <x, y>, g = |r|^2 / <x,
///   r>
/// which is unbiased over random rotations, with an error of about |r| |q - c| / sqrt(dim). So
///   estimate = |q - c|^2 + addend + factor * <x, q>,   addend = |r|^2 + 2 g <x, c>,   factor = -2
///   g
/// Estimates are in units of unit() squared code units, so that addends fit float16.
/// Source: Gao and Long, "RaBitQ" (SIGMOD 2024), and its use beside graph vertices by Gou et al.,
/// "SymphonyQG" (SIGMOD 2025); the int8 vertex, for which the factors are made, is ours.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "simile/kernels/neighbor_codes.h"

namespace simile::quantization {

/// Tables of one query; reused from query to query.
class NeighborQuery {
 public:
  const kernels::NeighborTables& tables() const { return view_; }

 private:
  friend class NeighborCodec;
  std::vector<std::uint8_t> bytes_;
  kernels::NeighborTables view_{};
};

class NeighborCodec {
 public:
  /// `dim` components a code, a multiple of 16. Two planes up to 192 components and one above: a
  /// row of two would no longer arrive within the time of one memory access.
  explicit NeighborCodec(std::size_t dim);

  std::size_t dim() const { return dim_; }
  std::size_t planes() const { return planes_; }
  /// Bytes of the codes of kernels::kBlockCodes neighbours.
  std::size_t block_bytes() const { return planes_ * groups() * kernels::kGroupBytes; }
  std::size_t groups() const { return dim_ / kernels::kGroupDims; }
  /// Squared code units per unit of an estimate.
  float unit() const { return unit_; }

  /// Writes place `slot` of a block. Integer sums and one division, hence the same on every
  /// machine.
  void encode(const std::int8_t* vertex, const std::int8_t* neighbor, std::size_t slot,
              std::span<std::uint8_t> block, std::uint16_t* addends, std::uint16_t* factors) const;

  /// |r|^2 of a neighbour, in units of unit(), from its factor alone: <x, r> differs little from
  /// what it is for normal components. Off by about 1 / sqrt(dim) of it; the same on every machine.
  float squared_of(float factor) const { return squared_of_factor_ * factor * factor; }

  /// `query` in code units, dim() floats.
  void prepare(const float* query, NeighborQuery& out) const;

 private:
  std::size_t dim_;
  std::size_t planes_;
  float unit_;
  float squared_of_factor_;
  const kernels::NeighborCodeFunctions* functions_ = &kernels::neighbor_code_functions();
};

}  // namespace simile::quantization
