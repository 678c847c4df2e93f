#include "simile/quantization/rotation.h"

#include <algorithm>
#include <cmath>

#include "simile/base/random.h"

namespace simile::quantization {

namespace {

constexpr std::size_t kUnit = kernels::kTransformUnit;
constexpr std::size_t kBlocksMax = 15;

// cos(pi * numerator / denominator) by Taylor's series on [0, pi/2]: the C library's last bits
// depend on the machine.
double cosine(std::size_t numerator, std::size_t denominator) {
  numerator %= 2 * denominator;
  if (numerator > denominator) numerator = 2 * denominator - numerator;
  const bool negative = 2 * numerator > denominator;
  if (negative) numerator = denominator - numerator;
  constexpr double kPi = 3.14159265358979323846;
  const double x = kPi * static_cast<double>(numerator) / static_cast<double>(denominator);
  double term = 1;
  double sum = 1;
  for (int i = 2; i <= 24; i += 2) {
    term *= -x * x / (i * (i - 1));
    sum += term;
  }
  return negative ? -sum : sum;
}

}  // namespace

std::size_t Rotation::padded_dim_of(std::size_t dim) {
  std::size_t unit = kUnit;
  while ((dim + unit - 1) / unit > kBlocksMax + 1) unit *= 2;
  return (dim + unit - 1) / unit * unit;
}

Rotation::Rotation(std::size_t dim, std::uint64_t seed)
    : dim_(dim),
      padded_(padded_dim_of(dim)),
      block_(padded_ & (~padded_ + 1)),
      blocks_(padded_ / block_) {
  Random random(seed);
  const float scale = 1.0f / std::sqrt(static_cast<float>(block_));
  signs_.resize(kRounds * padded_);
  for (float& sign : signs_) sign = (random.next() >> 63) != 0 ? scale : -scale;
  const auto m = static_cast<double>(blocks_);
  for (std::size_t k = 0; k < blocks_; ++k) {
    for (std::size_t n = 0; n < blocks_; ++n) {
      const double row_scale = std::sqrt((k == 0 ? 1.0 : 2.0) / m);
      cosines_.push_back(static_cast<float>(row_scale * cosine((2 * n + 1) * k, 2 * blocks_)));
    }
  }
}

void Rotation::apply(float* vector) const {
  const kernels::TransformFunctions& kernel = *kernel_;
  std::fill(vector + dim_, vector + padded_, 0.0f);
  for (std::size_t round = 0; round < kRounds; ++round) {
    kernel.scale_each(vector, signs_.data() + round * padded_, padded_);
    for (std::size_t b = 0; b < blocks_; ++b) kernel.hadamard(vector + b * block_, block_);
    if (blocks_ == 1) continue;
    thread_local std::vector<float> mixed;
    mixed.resize(padded_);
    kernel.mix_rows(vector, cosines_.data(), blocks_, block_, mixed.data());
    std::copy_n(mixed.data(), padded_, vector);
  }
}

}  // namespace simile::quantization
