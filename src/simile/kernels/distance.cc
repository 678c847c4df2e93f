#include "simile/kernels/distance.h"

#include <algorithm>

#include "simile/base/check.h"
#include "simile/kernels/distance_table.h"

namespace simile::kernels {
namespace {

const DistanceTable& table_of(Target target) {
  SIMILE_CHECK(std::ranges::find(supported_targets(), target) != supported_targets().end());
  return SIMILE_KERNELS_OF(target, kDistance);
}

const DistanceFunctions* find_functions(const DistanceTable& table, Op op, ElementType element) {
  const bool l2 = op == Op::kL2;
  if (l2 || op == Op::kInnerProduct) {
    switch (element) {
      case ElementType::kFloat32: return l2 ? &table.l2_float32 : &table.product_float32;
      case ElementType::kFloat16: return l2 ? &table.l2_float16 : &table.product_float16;
      case ElementType::kBFloat16: return l2 ? &table.l2_bfloat16 : &table.product_bfloat16;
      case ElementType::kInt8: return l2 ? &table.l2_int8 : &table.product_int8;
      case ElementType::kUint8: return l2 ? &table.l2_uint8 : &table.product_uint8;
      case ElementType::kScaled16: return l2 ? &table.l2_scaled16 : &table.product_scaled16;
      case ElementType::kBit: return nullptr;
    }
  }
  if (element != ElementType::kBit) return nullptr;
  return op == Op::kHamming ? &table.hamming : &table.jaccard;
}

}  // namespace

const DistanceFunctions& distance_functions(Op op, ElementType element, Target target) {
  const DistanceFunctions* functions = find_functions(table_of(target), op, element);
  SIMILE_CHECK(functions != nullptr);
  return *functions;
}

void to_float32(ElementType element, const void* from, std::size_t count, float* to,
                Target target) {
  const DistanceTable& table = table_of(target);
  switch (element) {
    case ElementType::kFloat16: return table.from_float16(from, count, to);
    case ElementType::kBFloat16: return table.from_bfloat16(from, count, to);
    case ElementType::kInt8: return table.from_int8(from, count, to);
    case ElementType::kUint8: return table.from_uint8(from, count, to);
    case ElementType::kScaled16: return table.from_scaled16(from, count, to);
    default: break;
  }
  SIMILE_CHECK(element == ElementType::kInt8);  // or one of the float types above
}

void from_float32(ElementType element, const float* from, std::size_t count, void* to,
                  Target target) {
  const DistanceTable& table = table_of(target);
  switch (element) {
    case ElementType::kFloat16: return table.to_float16(from, count, to);
    case ElementType::kBFloat16: return table.to_bfloat16(from, count, to);
    default: break;
  }
  SIMILE_CHECK(element == ElementType::kBFloat16);  // or float16
}

}  // namespace simile::kernels
