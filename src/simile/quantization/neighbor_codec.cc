#include "simile/quantization/neighbor_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "simile/base/half.h"

namespace simile::quantization {

namespace {

constexpr std::size_t kTwoPlanesUpTo = 192;
constexpr float kHalfLargest = 65'504;
// Of 65,537 components, padded for the rotation.
constexpr std::size_t kNibblesMax = 73'728 / kernels::kGroupDims;

// Above this multiple of the mean magnitude a component is coded 3 instead of 1: 0.98 standard
// deviations, which is the best place for a Gaussian.
constexpr int kOuterNumerator = 123;
constexpr int kOuterDenominator = 100;
// <x, r> / (|r| sqrt(dim)) where the components of r are normal: E|z| with one plane; with two,
// those beyond 0.98 count three times.
constexpr double kOverlapOfOne = 0.7979;
constexpr double kOverlapOfTwo = 1.7851;

}  // namespace

NeighborCodec::NeighborCodec(std::size_t dim)
    : dim_(dim),
      planes_(dim <= kTwoPlanesUpTo ? 2 : 1),
      // |r|^2 + 2 g <x, c> is at most about 8 dim 127^2.
      unit_(static_cast<float>(std::bit_ceil(static_cast<std::uint32_t>(
          8.0 * static_cast<double>(dim) * 127.0 * 127.0 / kHalfLargest)))) {
  // factor = -2 g / unit,  |r| = g <x, r> / |r|
  const double overlap = planes_ == 2 ? kOverlapOfTwo : kOverlapOfOne;
  squared_of_factor_ = static_cast<float>(overlap * overlap * static_cast<double>(dim) *
                                          static_cast<double>(unit_) / 4);
}

void NeighborCodec::encode(const std::int8_t* vertex, const std::int8_t* neighbor, std::size_t slot,
                           std::span<std::uint8_t> block, std::uint16_t* addends,
                           std::uint16_t* factors) const {
  const kernels::Difference difference = functions_->measure(vertex, neighbor, dim_);
  const auto outer =
      static_cast<std::int32_t>(difference.magnitude * kOuterNumerator /
                                (kOuterDenominator * static_cast<std::int64_t>(dim_)));
  std::array<std::uint8_t, kNibblesMax> nibbles;
  const kernels::CodeProducts products =
      functions_->code(vertex, neighbor, dim_, outer, planes_, nibbles.data());
  const std::size_t shift = slot < 16 ? 0 : 4;
  const auto others = static_cast<std::uint8_t>(0xF0 >> shift);
  std::uint8_t* bytes = block.data() + slot % 16;
  for (std::size_t g = 0; g < planes_ * groups(); ++g) {
    std::uint8_t& byte = bytes[g * kernels::kGroupBytes];
    byte = static_cast<std::uint8_t>((byte & others) | nibbles[g] << shift);
  }
  addends[slot] = 0;
  factors[slot] = 0;
  const auto squared = static_cast<double>(difference.squared);
  if (squared == 0) return;
  const double g = squared / static_cast<double>(products.with_difference);
  const double addend = (squared + 2 * g * static_cast<double>(products.with_from)) / unit_;
  addends[slot] = float_to_float16(
      static_cast<float>(std::clamp(addend, -double{kHalfLargest}, double{kHalfLargest})));
  factors[slot] = float_to_float16(static_cast<float>(-2 * g / unit_));
}

void NeighborCodec::prepare(const float* query, NeighborQuery& out) const {
  out.bytes_.resize(groups() * kernels::kGroupBytes);
  const kernels::QueryRange range = functions_->range(query, groups());
  // An entry is below 128, and the sum over all groups below 2^16. Steps as coarse as these add one
  // per cent to the error of the codes.
  const float levels = std::fmin(127.0f, std::floor(65'535.0f / static_cast<float>(groups())) - 1);
  const float step = range.widest > 0 ? range.widest / levels : 1.0f;
  functions_->fill_tables(query, groups(), 1.0f / step, out.bytes_.data());
  // <x, q> = 2 <u, q> - (2^planes - 1) sum(q);  <u, q> = step * sums + weight * lowest_sum.
  const auto weight = static_cast<float>((1 << planes_) - 1);
  out.view_ = {out.bytes_.data(), 2 * step, weight * (2 * range.lowest_sum - range.sum)};
}

}  // namespace simile::quantization
