#pragma once
/// The functions that each target's distance_<target>.cc defines.

#include <cstddef>
#include <cstdint>

#include "simile/kernels/distance_types.h"

namespace simile::kernels {

/// A row a query type and row type, which the contract of distance.h pairs.
struct DistanceTable {
  DistanceFunctions l2_float32, l2_float16, l2_bfloat16, l2_int8;
  DistanceFunctions product_float32, product_float16, product_bfloat16, product_int8;
  DistanceFunctions l2_uint8, l2_scaled16, product_uint8, product_scaled16;
  DistanceFunctions hamming, jaccard;
  void (*from_float16)(const void* from, std::size_t count, float* to);
  void (*from_bfloat16)(const void* from, std::size_t count, float* to);
  void (*from_int8)(const void* from, std::size_t count, float* to);
  void (*from_uint8)(const void* from, std::size_t count, float* to);
  void (*from_scaled16)(const void* from, std::size_t count, float* to);
  void (*to_float16)(const float* from, std::size_t count, void* to);
  void (*to_bfloat16)(const float* from, std::size_t count, void* to);
};

namespace scalar {
extern const DistanceTable kDistance;
}
namespace avx2 {
extern const DistanceTable kDistance;
}
namespace avx512 {
extern const DistanceTable kDistance;
}
namespace neon {
extern const DistanceTable kDistance;
}

}  // namespace simile::kernels
