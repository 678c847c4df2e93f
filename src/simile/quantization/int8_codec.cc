#include "simile/quantization/int8_codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "simile/kernels/distance.h"
#include "simile/quantization/exact_scorer.h"

namespace simile::quantization {

namespace {

constexpr std::size_t kTrainingRows = 65'536;

std::size_t input_dim(VectorType type, Metric metric) {
  return type.dim + (metric == Metric::kInnerProduct ? 1 : 0);
}

// In order and in double: the same on every machine.
double squared_length_of(const float* v, std::size_t dim) {
  double sum = 0;
  for (std::size_t d = 0; d < dim; ++d) sum += static_cast<double>(v[d]) * v[d];
  return sum;
}

}  // namespace

Int8Codec::Int8Codec(VectorType type, Metric metric, std::uint64_t seed)
    : type_(type),
      metric_(metric),
      seed_(seed),
      rotation_(input_dim(type, metric), seed),
      mean_(input_dim(type, metric), 0.0f) {}

std::size_t Int8Codec::code_dim_of(VectorType type, Metric metric) {
  return Rotation::padded_dim_of(input_dim(type, metric));
}

void Int8Codec::prepare(const void* vector, ElementType element, float* out) const {
  if (element == ElementType::kFloat32) {
    std::memcpy(out, vector, std::size_t{type_.dim} * sizeof(float));
  } else {
    kernels::to_float32(element, vector, type_.dim, out);
  }
}

void Int8Codec::project_row(const void* row, ElementType element, float inverse_length,
                            float* out) const {
  prepare(row, element, out);
  if (metric_ == Metric::kInnerProduct) {
    const double rest = longest_squared_ - squared_length_of(out, type_.dim);
    out[type_.dim] = static_cast<float>(std::sqrt(std::max(0.0, rest)));
  }
  centre(out, metric_ == Metric::kCosine ? inverse_length : 1.0f);
}

void Int8Codec::project_query(const void* query, float* out) const {
  float factor = 1;
  const VectorType type = query_type(type_);
  if (metric_ == Metric::kCosine) factor = query_inverse_length(query, type);
  if (metric_ == Metric::kInnerProduct) {
    const float inverse = query_inverse_length(query, type);
    factor = std::isfinite(inverse) ? inverse * mean_length_ : 1.0f;
  }
  prepare(query, type.element, out);
  if (metric_ == Metric::kInnerProduct) out[type_.dim] = 0;
  centre(out, factor);
}

void Int8Codec::centre(float* vector, float factor) const {
  kernels::transform_functions().centre(vector, factor, mean_.data(), mean_.size());
  rotation_.apply(vector);
}

void Int8Codec::quantize(const float* projected, float scale, std::int8_t* code) const {
  kernels::transform_functions().quantize(projected, scale, code_dim(), code);
}

Int8Codec Int8Codec::train(const MatrixView& rows, std::span<const float> inverse_lengths,
                           Metric metric, std::uint64_t seed) {
  Int8Codec codec(rows.type, metric, seed);
  const std::size_t count = std::min(rows.rows, kTrainingRows);
  const auto sample = [&](std::size_t i) { return i * rows.rows / count; };
  const auto inverse_of = [&](std::size_t row) {
    return inverse_lengths.empty() ? 1.0f : inverse_lengths[row];
  };
  std::vector<float> vector(codec.projected_floats());
  std::vector<double> sum(codec.mean_.size(), 0.0);

  if (metric == Metric::kInnerProduct) {
    double longest = 0;
    double lengths = 0;
    for (std::size_t i = 0; i < count; ++i) {
      codec.prepare(rows.row(sample(i)), rows.type.element, vector.data());
      const double squared = squared_length_of(vector.data(), rows.type.dim);
      longest = std::max(longest, squared);
      lengths += std::sqrt(squared);
    }
    codec.longest_squared_ = static_cast<float>(longest);
    codec.mean_length_ = std::max(1e-30f, static_cast<float>(lengths / static_cast<double>(count)));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t row = sample(i);
    codec.prepare(rows.row(row), rows.type.element, vector.data());
    const float factor = inverse_of(row);
    double squared = 0;
    for (std::size_t d = 0; d < rows.type.dim; ++d) {
      sum[d] += static_cast<double>(vector[d] * factor);
    }
    if (metric != Metric::kInnerProduct) continue;
    squared = squared_length_of(vector.data(), rows.type.dim);
    sum[rows.type.dim] += std::sqrt(std::max(0.0, codec.longest_squared_ - squared));
  }
  for (std::size_t d = 0; d < sum.size(); ++d) {
    codec.mean_[d] = static_cast<float>(sum[d] / static_cast<double>(count));
  }
  // The scale puts the largest component of nearly every row inside the range: clamping one row in
  // a thousand costs less than coarser steps for all.
  std::vector<float> largest(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t row = sample(i);
    codec.project_row(rows.row(row), rows.type.element, inverse_of(row), vector.data());
    for (const float v : vector) largest[i] = std::max(largest[i], std::fabs(v));
  }
  const std::size_t rank = count - 1 - count / 1000;
  std::nth_element(largest.begin(), largest.begin() + static_cast<std::ptrdiff_t>(rank),
                   largest.end());
  codec.scale_ = largest[rank] > 0 ? 127.0f / largest[rank] : 1.0f;
  if (!std::isfinite(codec.scale_)) codec.scale_ = 1.0f;
  return codec;
}

void Int8Codec::write(ByteWriter& writer) const {
  writer.put(seed_);
  writer.put(longest_squared_);
  writer.put(mean_length_);
  writer.put(scale_);
  writer.put(static_cast<std::uint32_t>(mean_.size()));
  for (const float value : mean_) writer.put(value);
}

Result<Int8Codec> Int8Codec::read(ByteReader& reader, VectorType type, Metric metric) {
  Int8Codec codec(type, metric, reader.get<std::uint64_t>());
  codec.longest_squared_ = reader.get<float>();
  codec.mean_length_ = reader.get<float>();
  codec.scale_ = reader.get<float>();
  const auto size = reader.get<std::uint32_t>();
  if (!reader.ok() || size != codec.mean_.size() || !(codec.scale_ > 0)) {
    return fail(ErrorCode::kDataLoss, "the parameters of the int8 codec are damaged");
  }
  for (float& value : codec.mean_) value = reader.get<float>();
  if (!reader.ok()) return fail(ErrorCode::kDataLoss, "the int8 codec ends too early");
  return codec;
}

}  // namespace simile::quantization
