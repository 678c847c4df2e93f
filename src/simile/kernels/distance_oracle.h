#pragma once
/// What tests hold the kernels against: the definitions, in double precision, one component at a
/// time.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "simile/base/half.h"
#include "simile/base/random.h"
#include "simile/kernels/distance.h"

namespace simile::kernels {

/// One kernel: an operation on rows of one type.
struct Kernel {
  Op op;
  ElementType row;

  ElementType query() const {
    return row == ElementType::kInt8 || row == ElementType::kBit ? row : ElementType::kFloat32;
  }
  bool is_float() const { return row != ElementType::kInt8 && row != ElementType::kBit; }
};

inline constexpr Kernel kKernels[] = {
    {Op::kL2, ElementType::kFloat32},  {Op::kInnerProduct, ElementType::kFloat32},
    {Op::kL2, ElementType::kFloat16},  {Op::kInnerProduct, ElementType::kFloat16},
    {Op::kL2, ElementType::kBFloat16}, {Op::kInnerProduct, ElementType::kBFloat16},
    {Op::kL2, ElementType::kInt8},     {Op::kInnerProduct, ElementType::kInt8},
    {Op::kL2, ElementType::kUint8},    {Op::kInnerProduct, ElementType::kUint8},
    {Op::kL2, ElementType::kScaled16}, {Op::kInnerProduct, ElementType::kScaled16},
    {Op::kHamming, ElementType::kBit}, {Op::kJaccard, ElementType::kBit},
};

inline std::string name_of(const Kernel& kernel) {
  const char* const ops[] = {"l2", "ip", "hamming", "jaccard"};
  const std::string row = kernel.row == ElementType::kUint8 ? "uint8"
                          : kernel.row == ElementType::kScaled16
                              ? "scaled16"
                              : std::string(simile::name_of(kernel.row));
  return std::string(ops[static_cast<std::size_t>(kernel.op)]) + "_" + row;
}

inline std::size_t bytes_of(ElementType element, std::size_t dim) {
  return VectorType{element, static_cast<std::uint32_t>(dim)}.bytes();
}

template <class T>
T read_at(const std::byte* vector, std::size_t i) {
  T value;
  std::memcpy(&value, vector + i * sizeof(T), sizeof(T));
  return value;
}

/// Component i of a vector; for bits, bit i.
inline double component(ElementType element, const std::byte* vector, std::size_t i) {
  switch (element) {
    case ElementType::kFloat32: return static_cast<double>(read_at<float>(vector, i));
    case ElementType::kFloat16:
      return static_cast<double>(float16_to_float(read_at<std::uint16_t>(vector, i)));
    case ElementType::kBFloat16:
      return static_cast<double>(bfloat16_to_float(read_at<std::uint16_t>(vector, i)));
    case ElementType::kInt8: return static_cast<double>(read_at<std::int8_t>(vector, i));
    case ElementType::kUint8: return static_cast<double>(read_at<std::uint8_t>(vector, i));
    case ElementType::kScaled16:
      return static_cast<double>(read_at<float>(vector, 0)) *
             static_cast<double>(read_at<std::int16_t>(vector + sizeof(float), i));
    case ElementType::kBit:
      return (std::to_integer<unsigned>(vector[i / 8]) >> (i % 8)) & 1 ? 1.0 : 0.0;
  }
  return 0;
}

struct Expected {
  double value = 0;
  double magnitude = 0;  ///< sum of the terms' absolute values: what rounding is relative to
};

inline Expected expected_distance(const Kernel& kernel, const std::byte* query,
                                  const std::byte* row, std::size_t dim) {
  Expected sum;
  double both = 0;
  double either = 0;
  for (std::size_t i = 0; i < dim; ++i) {
    const double a = component(kernel.query(), query, i);
    const double b = component(kernel.row, row, i);
    const double term = kernel.op == Op::kInnerProduct ? a * b : (a - b) * (a - b);
    sum.value += term;
    sum.magnitude += std::abs(term);
    both += a * b;
    either += a + b - a * b;
  }
  if (kernel.op == Op::kJaccard) sum.value = either == 0 ? 0 : 1 - both / either;
  return sum;
}

/// How far a result may be from the definition, when `additions` follow on one another in each sum
/// and each term is rounded three times at most. 0 for int8 sums below 2^24 and for bits.
inline double tolerance(const Kernel& kernel, const Expected& expected, std::size_t additions) {
  if (kernel.op == Op::kJaccard) return 0x1p-23;
  if (!kernel.is_float()) return expected.magnitude < 0x1p24 ? 0 : 0x1p-24 * expected.magnitude;
  return (static_cast<double>(additions) + 3) * 0x1p-24 * expected.magnitude +
         static_cast<double>(std::numeric_limits<float>::denorm_min()) *
             static_cast<double>(additions + 1);
}

inline void put_component(ElementType element, std::byte* vector, std::size_t i, float value) {
  const auto put = [&](auto x) { std::memcpy(vector + i * sizeof x, &x, sizeof x); };
  switch (element) {
    case ElementType::kFloat32: return put(value);
    case ElementType::kFloat16: return put(float_to_float16(value));
    case ElementType::kBFloat16: return put(float_to_bfloat16(value));
    case ElementType::kInt8: return put(static_cast<std::int8_t>(value));
    case ElementType::kUint8: return put(static_cast<std::uint8_t>(value));
    case ElementType::kScaled16: {
      const auto multiple = static_cast<std::int16_t>(value);
      std::memcpy(vector + sizeof(float) + i * sizeof multiple, &multiple, sizeof multiple);
      return;
    }
    case ElementType::kBit: break;
  }
}

/// Components near a normal distribution; integers over their whole range; bits even.
inline void fill_randomly(ElementType element, std::byte* vector, std::size_t dim, Random& random) {
  if (element == ElementType::kScaled16) {
    const auto step = static_cast<float>(0.001 * (1 + std::abs(random.normal())));
    std::memcpy(vector, &step, sizeof step);
  }
  for (std::size_t i = 0; i < dim; ++i) {
    if (element == ElementType::kBit) {
      if (i % 8 == 0) vector[i / 8] = static_cast<std::byte>(random.below(256));
    } else if (element == ElementType::kInt8) {
      put_component(element, vector, i, static_cast<float>(random.below(256)) - 128);
    } else if (element == ElementType::kUint8) {
      put_component(element, vector, i, static_cast<float>(random.below(256)));
    } else if (element == ElementType::kScaled16) {
      put_component(element, vector, i, static_cast<float>(random.below(65'535)) - 32'767);
    } else {
      put_component(element, vector, i, static_cast<float>(random.normal()));
    }
  }
}

}  // namespace simile::kernels
