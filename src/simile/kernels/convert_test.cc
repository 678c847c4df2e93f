#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "simile/base/half.h"
#include "simile/kernels/distance.h"
#include "simile/kernels/guarded_rows.h"

namespace simile::kernels {
namespace {

constexpr ElementType kHalves[] = {ElementType::kFloat16, ElementType::kBFloat16};

float widen(ElementType element, std::uint16_t bits) {
  return element == ElementType::kFloat16 ? float16_to_float(bits) : bfloat16_to_float(bits);
}
std::uint16_t narrow(ElementType element, float value) {
  return element == ElementType::kFloat16 ? float_to_float16(value) : float_to_bfloat16(value);
}

class ConvertTest : public testing::TestWithParam<Target> {};

TEST_P(ConvertTest, WidensEveryHalf) {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
  for (const ElementType element : kHalves) {
    std::vector<float> got(halves.size());
    to_float32(element, halves.data(), halves.size(), got.data(), GetParam());
    for (std::size_t i = 0; i < halves.size(); ++i) {
      const float expected = widen(element, halves[i]);
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(got[i])) << i;
      } else {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(got[i]), std::bit_cast<std::uint32_t>(expected))
            << i;
      }
    }
  }
}

/// Every exponent and sign, with mantissas at and beside each place where rounding turns.
std::vector<float> floats_around_rounding() {
  std::vector<float> values;
  for (std::uint32_t high = 0; high < 1u << 12; ++high) {  // sign, exponent, 3 bits of mantissa
    for (const std::uint32_t low :
         {0x00000u, 0x00001u, 0x007FFu, 0x00FFFu, 0x01000u, 0x01001u, 0x02FFFu, 0x03000u, 0x03001u,
          0x07FFFu, 0x08000u, 0x08001u, 0x17FFFu, 0x18000u, 0x18001u, 0xFFFFFu}) {
      values.push_back(std::bit_cast<float>(high << 20 | low));
    }
  }
  return values;
}

TEST_P(ConvertTest, NarrowsToNearestEven) {
  const std::vector<float> values = floats_around_rounding();
  for (const ElementType element : kHalves) {
    std::vector<std::uint16_t> got(values.size());
    from_float32(element, values.data(), values.size(), got.data(), GetParam());
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isnan(values[i])) {
        ASSERT_TRUE(std::isnan(widen(element, got[i]))) << i;
      } else {
        ASSERT_EQ(got[i], narrow(element, values[i])) << values[i];
      }
    }
  }
}

TEST_P(ConvertTest, TouchesOnlyItsElements) {
  for (std::size_t count = 0; count <= 70; ++count) {
    GuardedRows floats(count, sizeof(float));
    for (const ElementType element : kHalves) {
      GuardedRows halves(count, sizeof(std::uint16_t));
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint16_t bits = narrow(element, static_cast<float>(i) + 0.5f);
        std::memcpy(halves.row(i), &bits, sizeof bits);
      }
      auto* first = reinterpret_cast<float*>(floats.row(0));
      to_float32(element, halves.data(), count, first, GetParam());
      for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(first[i], static_cast<float>(i) + 0.5f);
      GuardedRows back(count, sizeof(std::uint16_t));
      from_float32(element, first, count, back.row(0), GetParam());
      EXPECT_EQ(std::memcmp(back.data(), halves.data(), count * 2), 0) << count;
    }
  }
}

TEST_P(ConvertTest, WidensEveryInt8) {
  std::vector<std::int8_t> bytes(256 + 7);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::int8_t>(i);
  std::vector<float> got(bytes.size());
  to_float32(ElementType::kInt8, bytes.data(), bytes.size(), got.data(), GetParam());
  for (std::size_t i = 0; i < bytes.size(); ++i) EXPECT_EQ(got[i], static_cast<float>(bytes[i]));
}

INSTANTIATE_TEST_SUITE_P(EveryTarget, ConvertTest, testing::ValuesIn(supported_targets()),
                         [](const auto& target) { return std::string(name_of(target.param)); });

}  // namespace
}  // namespace simile::kernels
