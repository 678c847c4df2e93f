#pragma once
/// Squared distances between codes of 4 bits a component, and from queries to them.
///
/// Layout of a code of 2 * bytes components: byte i holds component i (low nibble) and component
/// i + bytes (high nibble), each the number u in [0, 15] of a step: such vectors stand for u - 7.5
/// steps. `bytes` is a multiple of 32.
///
/// Sums are exact integers up to dimension 65,536, and the float operations after them have one
/// order: every function gives the same bits on every target.

#include <cstddef>
#include <cstdint>

#include "simile/kernels/target.h"

namespace simile::kernels {

inline constexpr float kNibbleCentre = 7.5f;

/// A query c / t in steps, c int8 and t its scale:
///   distance = max(0, base + sum of u * (u - 15) - factor * sum of c * u)
/// is |c / t - (u - 7.5)|^2 where base = sum of (c / t + 7.5)^2 and factor = 2 / t.
struct NibbleQuery {
  const std::int8_t* code;  ///< 2 * bytes components
  float base;
  float factor;
};

/// Distances from `query` to `count` codes.
using NibbleScanFunction = void (*)(const NibbleQuery& query, const void* codes, std::size_t stride,
                                    std::size_t count, std::size_t bytes, float* out);
/// To the codes base + ids[i] * stride.
using NibbleGatherFunction = void (*)(const NibbleQuery& query, const void* base,
                                      std::size_t stride, const std::uint32_t* ids,
                                      std::size_t count, std::size_t bytes, float* out);
/// Sums of squared differences from one code to others.
using NibbleScanL2Function = void (*)(const void* code, const void* codes, std::size_t stride,
                                      std::size_t count, std::size_t bytes, float* out);
using NibbleGatherL2Function = void (*)(const void* code, const void* base, std::size_t stride,
                                        const std::uint32_t* ids, std::size_t count,
                                        std::size_t bytes, float* out);
/// Writes the code of 2 * bytes floats: u = x * inverse_step + 8, cut to an integer in [0, 15].
using NibbleEncodeFunction = void (*)(const float* x, float inverse_step, std::size_t bytes,
                                      std::uint8_t* code);

struct NibbleFunctions {
  NibbleScanFunction scan;
  NibbleGatherFunction gather;
  NibbleScanL2Function scan_l2;
  NibbleGatherL2Function gather_l2;
  NibbleEncodeFunction encode;
};

const NibbleFunctions& nibble_functions(Target target = active_target());

}  // namespace simile::kernels
