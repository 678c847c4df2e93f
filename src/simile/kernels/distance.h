#pragma once
/// Distances between vectors, compiled once per instruction set and chosen at run time.
///
/// The query of an int8 or bit row has the row's type; of every other row it is float32.
/// Results, as float:
///   kL2            sum of squared differences
///   kInnerProduct  dot product (a similarity: the sign is the caller's business)
///   kHamming       number of differing bits
///   kJaccard       1 - |a & b| / |a | b|, 0 for two empty sets
/// kUint8 and kScaled16 rows are floats to a float32 query: component times step, rounded.
/// int8 sums are exact integers up to dimension 65,536 before they become float; bits are counted
/// exactly. Every function gives the same bits on every target, for the order of float additions is
/// part of the algorithm. pair, scan and gather agree in every bit too. Equal vectors are at L2
/// distance exactly 0. Many queries against many rows: screen.h.
///
/// No pointer needs alignment; nothing is read past the last element, and `out` overlaps nothing.
/// All functions are pure, thread-safe and allocate nothing.

#include <cstddef>
#include <cstdint>

#include "simile/kernels/distance_types.h"
#include "simile/kernels/target.h"
#include "simile/types.h"

namespace simile::kernels {

enum class Op : std::uint8_t { kL2, kInnerProduct, kHamming, kJaccard };

/// Bits go with kHamming and kJaccard, the other types with kL2 and kInnerProduct; anything else
/// asserts, as does a target that this machine does not run.
const DistanceFunctions& distance_functions(Op op, ElementType element,
                                            Target target = active_target());

/// Converts the first `count` components of a row of any type but float32 and bits to float32.
void to_float32(ElementType element, const void* from, std::size_t count, float* to,
                Target target = active_target());
/// Converts float32 to float16 or bfloat16, to nearest even; what is too large becomes infinity,
/// NaN stays NaN.
void from_float32(ElementType element, const float* from, std::size_t count, void* to,
                  Target target = active_target());

}  // namespace simile::kernels
