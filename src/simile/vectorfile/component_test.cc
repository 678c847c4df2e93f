#include "simile/vectorfile/component.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "simile/base/half.h"

namespace simile::vectorfile {
namespace {

using ::testing::HasSubstr;

/// Converts one row and returns it, or the error.
template <class To, class From>
Result<std::vector<To>> convert(StoredType stored, ElementType element,
                                const std::vector<From>& values) {
  const VectorType type = delivered_type(stored, values.size(), element).value();
  std::vector<To> row(type.bytes() / sizeof(To));
  const Conversion conversion(stored, values.size(), type);
  const Status status = conversion.convert(reinterpret_cast<const std::byte*>(values.data()), 1, 7,
                                           reinterpret_cast<std::byte*>(row.data()));
  if (!status) return std::unexpected(status.error());
  return row;
}

TEST(DeliveredType, KeepsWhatIsStorableAndWidensTheRest) {
  const auto element = [](StoredType stored) {
    return delivered_type(stored, 8, std::nullopt).value().element;
  };
  EXPECT_EQ(element(StoredType::kFloat32), ElementType::kFloat32);
  EXPECT_EQ(element(StoredType::kFloat16), ElementType::kFloat16);
  EXPECT_EQ(element(StoredType::kInt8), ElementType::kInt8);
  EXPECT_EQ(element(StoredType::kBool), ElementType::kBit);
  EXPECT_EQ(element(StoredType::kFloat64), ElementType::kFloat32);
  EXPECT_EQ(element(StoredType::kUint8), ElementType::kFloat32);
  EXPECT_EQ(element(StoredType::kInt32), ElementType::kFloat32);
}

TEST(DeliveredType, CountsPackedBits) {
  EXPECT_EQ(delivered_type(StoredType::kUint8, 4, ElementType::kBit)->dim, 32u);
  EXPECT_EQ(delivered_type(StoredType::kBool, 32, ElementType::kBit)->dim, 32u);
}

TEST(DeliveredType, RefusesWhatHasNoConversion) {
  EXPECT_FALSE(delivered_type(StoredType::kBool, 12, ElementType::kBit));
  EXPECT_FALSE(delivered_type(StoredType::kFloat32, 8, ElementType::kBit));
  EXPECT_FALSE(delivered_type(StoredType::kFloat32, 0, std::nullopt));
  EXPECT_TRUE(delivered_type(StoredType::kFloat32, kMaxDimension, std::nullopt));
  EXPECT_FALSE(delivered_type(StoredType::kFloat32, kMaxDimension + 1, std::nullopt));
  EXPECT_FALSE(delivered_type(StoredType::kUint8, ~0ull, ElementType::kBit));
}

TEST(Conversion, GivesEveryStoredTypeAsFloat) {
  const auto floats = [](auto stored, const auto& values) {
    return convert<float>(stored, ElementType::kFloat32, values).value();
  };
  EXPECT_EQ(floats(StoredType::kFloat32, std::vector<float>{1.5f, -2}),
            (std::vector<float>{1.5f, -2}));
  EXPECT_EQ(floats(StoredType::kFloat64, std::vector<double>{0.1, 3}),
            (std::vector<float>{0.1f, 3}));
  EXPECT_EQ(floats(StoredType::kFloat16, std::vector<std::uint16_t>{0x3C00, 0xC100}),
            (std::vector<float>{1, -2.5f}));
  EXPECT_EQ(floats(StoredType::kInt8, std::vector<std::int8_t>{-128, 127}),
            (std::vector<float>{-128, 127}));
  EXPECT_EQ(floats(StoredType::kUint8, std::vector<std::uint8_t>{0, 255}),
            (std::vector<float>{0, 255}));
  EXPECT_EQ(floats(StoredType::kInt32, std::vector<std::int32_t>{-5, 70000}),
            (std::vector<float>{-5, 70000}));
  EXPECT_EQ(floats(StoredType::kBool, std::vector<std::uint8_t>{0, 1, 2}),
            (std::vector<float>{0, 1, 1}));
}

TEST(Conversion, RoundsToSixteenBits) {
  EXPECT_EQ(convert<std::uint16_t>(StoredType::kFloat32, ElementType::kFloat16,
                                   std::vector<float>{0.1f, 65504})
                .value(),
            (std::vector<std::uint16_t>{float_to_float16(0.1f), 0x7BFF}));
  EXPECT_EQ(
      convert<std::uint16_t>(StoredType::kFloat32, ElementType::kBFloat16, std::vector<float>{0.1f})
          .value(),
      (std::vector<std::uint16_t>{float_to_bfloat16(0.1f)}));
}

TEST(Conversion, PacksBitsHighestFirst) {
  EXPECT_EQ(convert<std::uint8_t>(StoredType::kBool, ElementType::kBit,
                                  std::vector<std::uint8_t>{1, 0, 0, 0, 0, 0, 1, 1})
                .value(),
            (std::vector<std::uint8_t>{0b1000'0011}));
}

TEST(Conversion, NamesTheRowOfAValueThatDoesNotFit) {
  const auto half = convert<std::uint16_t>(StoredType::kFloat32, ElementType::kFloat16,
                                           std::vector<float>{1, 70000});
  ASSERT_FALSE(half);
  EXPECT_THAT(half.error().message, HasSubstr("row 7: component 1 is 70000"));
  for (const float value : {0.5f, 128.0f, -129.0f, std::nanf("")}) {
    EXPECT_FALSE(
        convert<std::int8_t>(StoredType::kFloat32, ElementType::kInt8, std::vector<float>{value}))
        << value;
  }
  EXPECT_FALSE(
      convert<float>(StoredType::kFloat64, ElementType::kFloat32, std::vector<double>{1e300}));
}

TEST(Conversion, PassesNanOnToWhoeverRefusesIt) {
  const auto row = convert<float>(StoredType::kFloat64, ElementType::kFloat32,
                                  std::vector<double>{std::numeric_limits<double>::quiet_NaN()});
  EXPECT_TRUE(std::isnan(row.value()[0]));
}

}  // namespace
}  // namespace simile::vectorfile
