#pragma once
/// Distances of a query to many vectors at once, estimated from codes of 1 bit a component and
/// plane, by table look-up in registers.
///
/// Layout of a block: kBlockCodes vectors. Components come in groups of 4; a group is 16 bytes, of
/// which byte j holds the group's 4 bits of vector j (low nibble) and of vector j + 16 (high
/// nibble). A plane is `groups` groups one after the other; planes follow each other, the most
/// significant first. Tables: 16 bytes a group, entry n for the nibble n.
///
/// For each vector:  sum = sum over planes p and groups g of 2^(planes - 1 - p) * table[g][nibble]
///                   out = base + addend + factor * (scale * sum + offset)
/// The technique is the "fast scan" of André, Kermarrec and Le Scouarnec (VLDB 2015).

#include <cstddef>
#include <cstdint>

#include "simile/kernels/target.h"

namespace simile::kernels {

inline constexpr std::size_t kBlockCodes = 32;
inline constexpr std::size_t kGroupDims = 4;
inline constexpr std::size_t kGroupBytes = 16;

struct NeighborBlock {
  const std::uint8_t* codes;     ///< planes x groups x kGroupBytes
  const std::uint16_t* addends;  ///< kBlockCodes float16
  const std::uint16_t* factors;  ///< kBlockCodes float16
  std::size_t groups;            ///< a multiple of 4
  std::size_t planes;            ///< 1 or 2
};

struct NeighborTables {
  const std::uint8_t* tables;  ///< groups x kGroupBytes; the largest sum of one plane is < 2^16
  float scale;
  float offset;
};

/// Writes kBlockCodes floats. The float part may differ in the last bit between targets.
using EstimateFunction = void (*)(const NeighborBlock& block, const NeighborTables& tables,
                                  float base, float* out);

EstimateFunction estimate_function(Target target = active_target());

}  // namespace simile::kernels
