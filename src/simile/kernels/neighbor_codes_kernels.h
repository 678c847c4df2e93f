#pragma once
/// The part that is the same for every target. The including file defines before it:
///   void sum_nibbles(const std::uint8_t* codes, const std::uint8_t* tables, std::size_t groups,
///                    std::uint16_t* sums)   kBlockCodes sums over the groups of one plane

#include "simile/kernels/neighbor_codes.h"
#include "simile/kernels/simd/elements.h"

namespace simile::kernels {
namespace {

void estimate(const NeighborBlock& block, const NeighborTables& tables, float base, float* out) {
  alignas(64) std::uint16_t sums[kBlockCodes];
  alignas(64) float values[kBlockCodes];
  sum_nibbles(block.codes, tables.tables, block.groups, sums);
  for (std::size_t i = 0; i < kBlockCodes; ++i) values[i] = static_cast<float>(sums[i]);
  if (block.planes == 2) {
    sum_nibbles(block.codes + block.groups * kGroupBytes, tables.tables, block.groups, sums);
    // Two sums of 16 bits may need 17, so planes meet as floats, which hold them exactly.
    for (std::size_t i = 0; i < kBlockCodes; ++i) {
      values[i] = values[i] * 2 + static_cast<float>(sums[i]);
    }
  }
  const Lanes::Floats scale = Lanes::broadcast(&tables.scale);
  const Lanes::Floats offset = Lanes::broadcast(&tables.offset);
  const Lanes::Floats start = Lanes::broadcast(&base);
  const auto* addends = reinterpret_cast<const Float16*>(block.addends);
  const auto* factors = reinterpret_cast<const Float16*>(block.factors);
  for (std::size_t i = 0; i < kBlockCodes; i += Lanes::kFloats) {
    const Lanes::Floats product = Lanes::fma(Lanes::load(values + i), scale, offset);
    const Lanes::Floats fixed = Lanes::add(start, Lanes::load(addends + i));
    Lanes::store(out + i, Lanes::fma(product, Lanes::load(factors + i), fixed));
  }
}

}  // namespace
}  // namespace simile::kernels
