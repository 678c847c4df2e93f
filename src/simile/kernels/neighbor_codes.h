#pragma once
/// Distances of a query to many vectors at once, estimated from codes of 1 bit a component and
/// plane, by table look-up in registers.
///
/// Layout of a block: kBlockCodes vectors. Components come in groups of 4; a group is 16 bytes, of
/// which byte j holds the group's 4 bits of vector j (low nibble) and of vector j + 16 (high
/// nibble). A plane is `groups` groups one after the other; planes follow each other, the most
/// significant first. Tables: 16 bytes a group, entry n for the nibble n.
///
/// An entry is below 128: two of them fit a byte, which are then added before they are widened.
///
/// For each vector:  sum = sum over planes p and groups g of 2^(planes - 1 - p) * table[g][nibble]
///                   out = max(0, base + addend + factor * (scale * sum + offset))
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

/// Memory that will be wanted soon: its lines are asked for one after the other while the kernel
/// computes. All at once they would fill the processor's list of pending lines, and it would wait.
struct LinesAhead {
  const void* first = nullptr;
  std::size_t lines = 0;
};

struct NeighborTables {
  const std::uint8_t* tables;  ///< groups x kGroupBytes; all below 128, and the largest sum of one
                               ///< plane below 2^16
  float scale;
  float offset;
};

/// Writes kBlockCodes floats, none below 0; bit i of the result says whether the i-th is below
/// `bound`. The same on every target.
using EstimateFunction = std::uint32_t (*)(const NeighborBlock& block, const NeighborTables& tables,
                                           float base, float bound, LinesAhead ahead, float* out);

/// Inner products of a code of `dim` int8: with another, and with itself.
struct Products {
  std::int32_t with_other;
  std::int32_t with_itself;
};
using ProductsFunction = Products (*)(const std::int8_t* code, const std::int8_t* other,
                                      std::size_t dim);

/// Sums over the components of to - from, codes of `dim` int8: of their sizes, and of their
/// squares.
struct Difference {
  std::int64_t magnitude;
  std::int64_t squared;
};
using DifferenceFunction = Difference (*)(const std::int8_t* from, const std::int8_t* to,
                                          std::size_t dim);

/// Products of the coded difference.
struct CodeProducts {
  std::int64_t with_difference;  ///< <x, to - from>
  std::int64_t with_from;        ///< <x, from>
};
/// Codes to - from as x, components from {-1, 1}, or {-3, -1, 1, 3} where a size above `outer` is
/// coded as 3, with two planes. Writes planes x groups nibbles, one a byte; `dim` is a multiple
/// of 4.
using CodeFunction = CodeProducts (*)(const std::int8_t* from, const std::int8_t* to,
                                      std::size_t dim, std::int32_t outer, std::size_t planes,
                                      std::uint8_t* nibbles);

/// What tables of a query need to know of its `groups` groups of kGroupDims floats.
struct QueryRange {
  float sum;         ///< of all components
  float lowest_sum;  ///< of those below 0
  float widest;      ///< the largest, over the groups, of the sum of sizes in it
};
using RangeFunction = QueryRange (*)(const float* query, std::size_t groups);
/// Entry n of a group's table: the sum of the components whose bits are set in n, less the lowest
/// such sum, times `inverse_step`, rounded. `groups` is a multiple of 16.
using TableFunction = void (*)(const float* query, std::size_t groups, float inverse_step,
                               std::uint8_t* tables);

struct NeighborCodeFunctions {
  EstimateFunction estimate;
  RangeFunction range;
  TableFunction fill_tables;
  ProductsFunction multiply;
  DifferenceFunction measure;
  CodeFunction code;
};

const NeighborCodeFunctions& neighbor_code_functions(Target target = active_target());

}  // namespace simile::kernels
