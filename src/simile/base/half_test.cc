/// All 65,536 values of both formats, and on the way back every boundary between two of them: with
/// the float before it, at it and after it, rounding is proved for every float between.

#include "simile/base/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace simile {
namespace {

/// A sign bit, exponent bits and the rest fraction, as IEEE 754 has it.
struct Format {
  const char* name;
  int fraction_bits;
  int bias;
  float (*decode)(std::uint16_t);
  std::uint16_t (*encode)(float);

  std::uint16_t infinity() const {
    return static_cast<std::uint16_t>(0x8000u - (1u << fraction_bits));
  }

  /// What the bits mean, by the definition, in double; not for NaN.
  double meaning(std::uint16_t bits) const {
    const unsigned magnitude = bits & 0x7FFFu;
    const int exponent = static_cast<int>(magnitude >> fraction_bits);
    const unsigned fraction = magnitude & ((1u << fraction_bits) - 1);
    const double sign = (bits & 0x8000u) != 0 ? -1 : 1;
    if (magnitude == infinity()) return sign * std::numeric_limits<double>::infinity();
    const double significand =
        exponent == 0 ? fraction : fraction + static_cast<double>(1u << fraction_bits);
    return sign * std::ldexp(significand, std::max(exponent, 1) - bias - fraction_bits);
  }
};

class Half : public testing::TestWithParam<Format> {};

TEST_P(Half, EveryValueIsDecodedAsDefinedAndComesBack) {
  const Format& format = GetParam();
  for (unsigned i = 0; i <= 0xFFFF; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const float value = format.decode(bits);
    ASSERT_EQ(std::signbit(value), i >= 0x8000) << i;
    if ((i & 0x7FFF) > format.infinity()) {
      ASSERT_TRUE(std::isnan(value)) << i;
      ASSERT_GT(format.encode(value) & 0x7FFF, format.infinity()) << i;
      ASSERT_EQ(format.encode(value) >= 0x8000, i >= 0x8000) << i;
      continue;
    }
    ASSERT_EQ(static_cast<double>(value), format.meaning(bits)) << i;
    ASSERT_EQ(format.encode(value), bits) << i;
  }
}

TEST_P(Half, RoundsToNearestAndTiesToEvenAtEveryBoundary) {
  const Format& format = GetParam();
  for (unsigned i = 0; i < format.infinity(); ++i) {
    const auto below = static_cast<std::uint16_t>(i);
    const auto above = static_cast<std::uint16_t>(i + 1);
    // Past the largest value lies what would be the next one; from its middle on it is infinity.
    const double step = format.meaning(below) - (i == 0 ? 0 : format.meaning(below - 1));
    const double next =
        above == format.infinity() ? format.meaning(below) + step : format.meaning(above);
    const double middle = (format.meaning(below) + next) / 2;
    const auto tie = static_cast<float>(middle);
    ASSERT_EQ(static_cast<double>(tie), middle) << "exact in float";
    const std::uint16_t even = i % 2 == 0 ? below : above;
    for (const unsigned sign : {0u, 0x8000u}) {
      const float towards = sign == 0 ? 1.0f : -1.0f;
      ASSERT_EQ(format.encode(towards * tie), even | sign) << i;
      ASSERT_EQ(format.encode(towards * std::nextafter(tie, 0.0f)), below | sign) << i;
      ASSERT_EQ(format.encode(towards * std::nextafter(tie, INFINITY)), above | sign) << i;
    }
  }
}

TEST_P(Half, EveryNaNStaysNaNWhateverItsPayload) {
  const Format& format = GetParam();
  for (std::uint32_t payload = 1; payload < 0x80'0000; payload += 7) {
    for (const std::uint32_t sign : {0u, 0x8000'0000u}) {
      const auto value = std::bit_cast<float>(sign | 0x7F80'0000u | payload);
      ASSERT_GT(format.encode(value) & 0x7FFF, format.infinity()) << payload;
    }
  }
}

TEST_P(Half, TooLargeAndTooSmallGoToInfinityAndZero) {
  const Format& format = GetParam();
  EXPECT_EQ(format.encode(INFINITY), format.infinity());
  EXPECT_EQ(format.encode(-INFINITY), format.infinity() | 0x8000);
  EXPECT_EQ(format.encode(std::numeric_limits<float>::max()), format.infinity());
  EXPECT_EQ(format.encode(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_EQ(format.encode(-0.0f), 0x8000);
}

INSTANTIATE_TEST_SUITE_P(
    Each, Half,
    testing::Values(Format{"Float16", 10, 15, float16_to_float, float_to_float16},
                    Format{"BFloat16", 7, 127, bfloat16_to_float, float_to_bfloat16}),
    [](const testing::TestParamInfo<Format>& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace simile
