#pragma once
/// The DistanceTable of the target whose Lanes are in use.

#include "simile/kernels/convert_kernels.h"
#include "simile/kernels/distance_kernels.h"
#include "simile/kernels/distance_table.h"

namespace simile::kernels {
namespace {

template <class Distance>
constexpr DistanceFunctions functions_of() {
  return {pair_distance<Distance>, scan_distances<Distance>, gather_distances<Distance>};
}

template <class Op, class RowElement>
constexpr DistanceFunctions float_functions() {
  return functions_of<FloatDistance<Op, RowElement>>();
}

constexpr DistanceTable distance_table() {
  return {
      .l2_float32 = float_functions<L2, float>(),
      .l2_float16 = float_functions<L2, Float16>(),
      .l2_bfloat16 = float_functions<L2, BFloat16>(),
      .l2_int8 = functions_of<Int8Distance<L2>>(),
      .product_float32 = float_functions<Product, float>(),
      .product_float16 = float_functions<Product, Float16>(),
      .product_bfloat16 = float_functions<Product, BFloat16>(),
      .product_int8 = functions_of<Int8Distance<Product>>(),
      .l2_uint8 = float_functions<L2, std::uint8_t>(),
      .l2_scaled16 = functions_of<ScaledDistance<L2>>(),
      .product_uint8 = float_functions<Product, std::uint8_t>(),
      .product_scaled16 = functions_of<ScaledDistance<Product>>(),
      .hamming = functions_of<Hamming>(),
      .jaccard = functions_of<Jaccard>(),
      .from_float16 = widen_vector<Float16>,
      .from_bfloat16 = widen_vector<BFloat16>,
      .from_int8 = widen_vector<std::int8_t>,
      .from_uint8 = widen_vector<std::uint8_t>,
      .from_scaled16 = widen_scaled,
      .to_float16 = narrow_vector<Float16>,
      .to_bfloat16 = narrow_vector<BFloat16>,
  };
}

}  // namespace
}  // namespace simile::kernels
