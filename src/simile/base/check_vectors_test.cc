#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "simile/base/half.h"
#include "simile/types.h"

namespace simile {
namespace {

using testing::HasSubstr;

template <class T>
Status check(const std::vector<T>& values, std::size_t rows, ElementType element) {
  const VectorType type{element, static_cast<std::uint32_t>(values.size() / rows)};
  return check_vectors(MatrixView(values.data(), rows, type));
}

TEST(CheckVectors, RefusesEveryHalfThatIsNotFiniteAndNoOther) {
  for (const auto& [element, decode] : {std::pair{ElementType::kFloat16, &float16_to_float},
                                        std::pair{ElementType::kBFloat16, &bfloat16_to_float}}) {
    for (unsigned bits = 0; bits <= 0xFFFF; ++bits) {
      const std::vector<std::uint16_t> row = {static_cast<std::uint16_t>(bits), 0x3C00};
      ASSERT_EQ(check(row, 1, element).has_value(), std::isfinite(decode(row[0]))) << bits;
    }
  }
}

TEST(CheckVectors, RefusesNaNAndInfinityAtEveryPlace) {
  for (const float bad : {NAN, -NAN, INFINITY, -INFINITY}) {
    for (std::size_t at = 0; at < 40; ++at) {
      std::vector<float> values(40, 1.0f);
      ASSERT_TRUE(check(values, 4, ElementType::kFloat32));
      values[at] = bad;
      const Status status = check(values, 4, ElementType::kFloat32);
      ASSERT_FALSE(status);
      EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
      EXPECT_THAT(status.error().message, HasSubstr("vector " + std::to_string(at / 10)));
    }
  }
}

TEST(CheckVectors, NamesTheFirstOfSeveralBadRows) {
  const std::vector<float> values = {1, 0, NAN, INFINITY};
  EXPECT_THAT(check(values, 4, ElementType::kFloat32).error().message,
              HasSubstr("vector 2 holds NaN"));
}

TEST(CheckVectors, ZeroVectorsAreFine) {
  EXPECT_TRUE(check<float>({0.0f, -0.0f}, 1, ElementType::kFloat32));
  EXPECT_TRUE(check<std::uint16_t>({0, 0x8000}, 1, ElementType::kFloat16));
  EXPECT_TRUE(check<std::int8_t>({0, 0}, 1, ElementType::kInt8));
}

TEST(CheckVectors, ReadsRowsAtTheirStrideAndUnaligned) {
  // Rows of 2 floats, 11 bytes apart, from an odd address; NaN in the bytes between.
  std::vector<std::byte> memory(1 + 11 * 3, std::byte{0xFF});
  for (std::size_t row = 0; row < 3; ++row) {
    const float values[2] = {1.0f, 2.0f};
    std::memcpy(memory.data() + 1 + row * 11, values, sizeof values);
  }
  MatrixView view(memory.data() + 1, 3, {ElementType::kFloat32, 2});
  view.stride = 11;
  EXPECT_TRUE(check_vectors(view));
  std::memset(memory.data() + 1 + 2 * 11 + 4, 0xFF, 4);
  EXPECT_THAT(check_vectors(view).error().message, HasSubstr("vector 2 holds"));
}

TEST(CheckVectors, NoRowsAreFine) {
  EXPECT_TRUE(check_vectors(MatrixView(nullptr, 0, {ElementType::kFloat32, 8})));
}

}  // namespace
}  // namespace simile
