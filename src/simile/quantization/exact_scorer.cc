#include "simile/quantization/exact_scorer.h"

#include <cstring>

#include "simile/base/half.h"

namespace simile::quantization {

namespace {

template <class Word, class Convert>
double squared_length(const void* vector, std::size_t dim, Convert convert) {
  // Sums that do not wait for each other, in one order.
  constexpr std::size_t kSums = 8;
  double sums[kSums] = {};
  const auto square = [&](std::size_t d) {
    Word word;
    std::memcpy(&word, static_cast<const std::byte*>(vector) + d * sizeof(Word), sizeof(Word));
    const double value = convert(word);
    return value * value;
  };
  std::size_t d = 0;
  for (; d + kSums <= dim; d += kSums) {
    for (std::size_t i = 0; i < kSums; ++i) sums[i] += square(d + i);
  }
  for (; d < dim; ++d) sums[d % kSums] += square(d);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

double squared_length(const void* vector, VectorType type) {
  switch (type.element) {
    case ElementType::kFloat32:
      return squared_length<float>(vector, type.dim, [](float v) { return v; });
    case ElementType::kFloat16:
      return squared_length<std::uint16_t>(vector, type.dim, float16_to_float);
    case ElementType::kBFloat16:
      return squared_length<std::uint16_t>(vector, type.dim, bfloat16_to_float);
    case ElementType::kInt8:
      return squared_length<std::int8_t>(vector, type.dim, [](std::int8_t v) { return v; });
    case ElementType::kUint8:
      return squared_length<std::uint8_t>(vector, type.dim, [](std::uint8_t v) { return v; });
    case ElementType::kScaled16: {
      float step = 0;
      std::memcpy(&step, vector, sizeof step);
      return squared_length<std::int16_t>(
          static_cast<const std::byte*>(vector) + sizeof step, type.dim,
          [step](std::int16_t v) { return static_cast<double>(step * static_cast<float>(v)); });
    }
    case ElementType::kBit: break;
  }
  return 1;
}

}  // namespace

kernels::Op op_of(Metric metric) {
  switch (metric) {
    case Metric::kL2: return kernels::Op::kL2;
    case Metric::kInnerProduct:
    case Metric::kCosine: return kernels::Op::kInnerProduct;
    case Metric::kHamming: return kernels::Op::kHamming;
    case Metric::kBm25:  // of sparse rows only
    case Metric::kJaccard: return kernels::Op::kJaccard;
  }
  return kernels::Op::kL2;
}

float inverse_length(const void* vector, VectorType type) {
  const double squared = squared_length(vector, type);
  return squared == 0 ? 0 : static_cast<float>(1.0 / std::sqrt(squared));
}

float query_inverse_length(const void* query, VectorType type) {
  const auto& kernel = kernels::distance_functions(kernels::Op::kInnerProduct, type.element);
  const float squared = kernel.pair(query, query, type.dim);
  // Too large or too small for float32: in double it is not.
  if (!(squared > 1e-30f && squared < 1e30f)) return inverse_length(query, type);
  return 1.0f / std::sqrt(squared);
}

VectorType query_type(VectorType rows) {
  if (rows.element != ElementType::kInt8 && rows.element != ElementType::kBit) {
    rows.element = ElementType::kFloat32;
  }
  return rows;
}

ExactScorer::ExactScorer(const MatrixView& rows, std::span<const float> inverse_lengths,
                         Metric metric, const void* query)
    : rows_(rows),
      inverse_lengths_(inverse_lengths),
      metric_(metric),
      query_(query),
      kernels_(kernels::distance_functions(op_of(metric), rows.type.element)) {
  if (metric == Metric::kCosine) {
    query_inverse_length_ = quantization::query_inverse_length(query, query_type(rows.type));
  }
}

void ExactScorer::finish_all(std::size_t first, std::size_t count, float* values) const {
  if (metric_ == Metric::kInnerProduct) {
    for (std::size_t i = 0; i < count; ++i) values[i] = -values[i];
  } else if (metric_ == Metric::kCosine) {
    const float* lengths = inverse_lengths_.data() + first;
    for (std::size_t i = 0; i < count; ++i) {
      values[i] = at_least_zero(1.0f - values[i] * query_inverse_length_ * lengths[i]);
    }
  }
}

}  // namespace simile::quantization
