#include <gtest/gtest.h>

#include <vector>

#include "simile/kernels/distance.h"
#include "simile/kernels/distance_oracle.h"
#include "simile/kernels/guarded_rows.h"

namespace simile::kernels {
namespace {

constexpr std::uint64_t kSeed = 4711;
constexpr float kUntouched = -12345.0f;

struct Shape {
  std::size_t queries;
  std::size_t rows;
  std::size_t dim;
};

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  return out << shape.queries << " queries x " << shape.rows << " rows, dim " << shape.dim;
}

/// Around the sizes of tiles (14 x 32, 6 x 16, 8 x 12, 4 x 4), packed parts (56 queries, 128 rows)
/// and depth (256 units).
const Shape kShapes[] = {
    {0, 5, 8},     {5, 0, 8},    {1, 1, 8},      {1, 1, 0},     {3, 5, 16},    {2, 33, 24},
    {13, 31, 40},  {14, 32, 64}, {15, 33, 72},   {16, 12, 128}, {29, 17, 136}, {57, 70, 96},
    {5, 129, 784}, {7, 40, 256}, {6, 11, 264},   {3, 20, 1024}, {9, 13, 1032}, {113, 3, 56},
    {2, 260, 48},  {4, 4, 512},  {56, 128, 520},
};

/// Guarded operands of one block, and where its distances go: rows that end at a guard, too.
class Operands {
 public:
  Operands(const Kernel& kernel, const Shape& shape, Random& random)
      : shape_(shape),
        queries_(shape.queries, bytes_of(kernel.query(), shape.dim), 4),
        rows_(shape.rows, bytes_of(kernel.row, shape.dim), 1),
        out_(shape.queries, shape.rows * sizeof(float), 3 * sizeof(float)) {
    for (std::size_t q = 0; q < shape.queries; ++q) {
      fill_randomly(kernel.query(), queries_.row(q), shape.dim, random);
    }
    for (std::size_t r = 0; r < shape.rows; ++r) {
      fill_randomly(kernel.row, rows_.row(r), shape.dim, random);
    }
    clear();
  }

  const std::byte* query(std::size_t q) const { return queries_.row(q); }
  const std::byte* row(std::size_t r) const { return rows_.row(r); }
  float at(std::size_t q, std::size_t r) const { return read_at<float>(out_.row(q), r); }

  void compute(const Kernel& kernel, Target target) {
    clear();
    distance_functions(kernel.op, kernel.row, target)
        .block({queries_.data(), queries_.stride(), shape_.queries, rows_.data(), rows_.stride(),
                shape_.rows, shape_.dim, reinterpret_cast<float*>(out_.row(0)),
                out_.stride() / sizeof(float)});
  }
  bool padding_is_untouched() const {
    for (std::size_t q = 0; q + 1 < shape_.queries; ++q) {
      for (std::size_t r = shape_.rows; r < shape_.rows + 3; ++r) {
        if (at(q, r) != kUntouched) return false;
      }
    }
    return true;
  }
  std::vector<float> results() const {
    std::vector<float> all;
    for (std::size_t q = 0; q < shape_.queries; ++q) {
      for (std::size_t r = 0; r < shape_.rows; ++r) all.push_back(at(q, r));
    }
    return all;
  }

 private:
  void clear() {
    for (std::size_t q = 0; q < shape_.queries; ++q) {
      const std::size_t count = shape_.rows + (q + 1 < shape_.queries ? 3 : 0);
      for (std::size_t r = 0; r < count; ++r) {
        std::memcpy(out_.row(q) + r * sizeof(float), &kUntouched, sizeof(float));
      }
    }
  }

  Shape shape_;
  GuardedRows queries_;
  GuardedRows rows_;
  GuardedRows out_;
};

class BlockTest : public testing::TestWithParam<std::tuple<Target, Kernel>> {
 protected:
  Target target() const { return std::get<0>(GetParam()); }
  const Kernel& kernel() const { return std::get<1>(GetParam()); }
  Random random_{kSeed};
};

TEST_P(BlockTest, IsTheDefinitionForEveryShape) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(testing::Message() << shape << ", seed " << kSeed);
    Operands operands(kernel(), shape, random_);
    operands.compute(kernel(), target());
    for (std::size_t q = 0; q < shape.queries; ++q) {
      for (std::size_t r = 0; r < shape.rows; ++r) {
        const Expected expected =
            expected_distance(kernel(), operands.query(q), operands.row(r), shape.dim);
        ASSERT_NEAR(static_cast<double>(operands.at(q, r)), expected.value,
                    tolerance(kernel(), expected, shape.dim))
            << "query " << q << ", row " << r;
      }
    }
    EXPECT_TRUE(operands.padding_is_untouched());
  }
}

TEST_P(BlockTest, TakesEveryDimensionUpToTwoVectors) {
  const std::size_t unit = kernel().row == ElementType::kBit ? 8 : 1;
  for (std::size_t dim = 0; dim <= 70; ++dim) {
    const Shape shape{5, 7, dim * unit};
    Operands operands(kernel(), shape, random_);
    operands.compute(kernel(), target());
    for (std::size_t q = 0; q < shape.queries; ++q) {
      for (std::size_t r = 0; r < shape.rows; ++r) {
        const Expected expected =
            expected_distance(kernel(), operands.query(q), operands.row(r), shape.dim);
        ASSERT_NEAR(static_cast<double>(operands.at(q, r)), expected.value,
                    tolerance(kernel(), expected, shape.dim))
            << shape << ", seed " << kSeed;
      }
    }
  }
}

/// Depth is cut at 256 units: float32 components, or pairs of int8. The part behind a cut may be as
/// short as one component.
TEST_P(BlockTest, TakesDimensionsJustPastACut) {
  const std::size_t unit = kernel().row == ElementType::kBit ? 8 : 1;
  for (const std::size_t cut : {256, 512, 768, 1024}) {
    for (std::size_t dim = cut - 2; dim <= cut + 3; ++dim) {
      const Shape shape{3, 5, dim * unit};
      Operands operands(kernel(), shape, random_);
      operands.compute(kernel(), target());
      const std::vector<float> results = operands.results();
      for (std::size_t q = 0; q < shape.queries; ++q) {
        for (std::size_t r = 0; r < shape.rows; ++r) {
          const Expected expected =
              expected_distance(kernel(), operands.query(q), operands.row(r), shape.dim);
          ASSERT_NEAR(static_cast<double>(operands.at(q, r)), expected.value,
                      tolerance(kernel(), expected, shape.dim))
              << shape << ", seed " << kSeed;
        }
      }
      operands.compute(kernel(), Target::kScalar);
      EXPECT_EQ(operands.results(), results) << shape << ", seed " << kSeed;
    }
  }
}

TEST_P(BlockTest, HasTheBitsOfTheScalarTarget) {
  for (const Shape& shape : kShapes) {
    Operands operands(kernel(), shape, random_);
    operands.compute(kernel(), Target::kScalar);
    const std::vector<float> scalar = operands.results();
    operands.compute(kernel(), target());
    EXPECT_EQ(operands.results(), scalar) << shape << ", seed " << kSeed;
  }
}

std::string test_name(const testing::TestParamInfo<std::tuple<Target, Kernel>>& info) {
  return std::string(name_of(std::get<0>(info.param))) + "_" + name_of(std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(EveryTarget, BlockTest,
                         testing::Combine(testing::ValuesIn(supported_targets()),
                                          testing::ValuesIn(kKernels)),
                         test_name);

TEST(Block, EqualVectorsAreAtExactlyZero) {
  Random random(kSeed);
  const std::size_t dim = 300;
  GuardedRows rows(40, dim * sizeof(float));
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    fill_randomly(ElementType::kFloat32, rows.row(i), dim, random);
  }
  for (const Target target : supported_targets()) {
    std::vector<float> out(40 * 40, kUntouched);
    distance_functions(Op::kL2, ElementType::kFloat32, target)
        .block(
            {rows.data(), rows.stride(), 40, rows.data(), rows.stride(), 40, dim, out.data(), 40});
    for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(out[i * 40 + i], 0.0f) << name_of(target);
  }
}

TEST(Block, Int8SumsAreExactAtTheLargestDimension) {
  const std::vector<std::int8_t> low(kMaxDimension, -128);
  const std::vector<std::int8_t> high(kMaxDimension, 127);
  for (const Target target : supported_targets()) {
    float out = kUntouched;
    const Block block{low.data(),    kMaxDimension, 1, high.data(), kMaxDimension, 1,
                      kMaxDimension, &out,          1};
    distance_functions(Op::kL2, ElementType::kInt8, target).block(block);
    EXPECT_EQ(out, 65025.0f * 65536.0f) << name_of(target);
    distance_functions(Op::kInnerProduct, ElementType::kInt8, target).block(block);
    EXPECT_EQ(out, -16256.0f * 65536.0f) << name_of(target);
  }
}

/// Sums whose terms differ by many orders of magnitude, with ties and subnormals on the way: where
/// a multiply-add that is not rounded once differs.
TEST(Block, RoundsEachMultiplyAddOnceOnEveryTarget) {
  Random random(kSeed);
  const std::size_t dim = 24;
  const std::size_t count = 256;
  std::vector<float> rows(count * dim);
  for (float& x : rows) {
    const int exponent = static_cast<int>(random.below(90)) - 70;
    const auto mantissa = static_cast<float>(random.below(random.below(2) == 0 ? 16 : 1 << 24));
    x = std::ldexp(random.below(2) == 0 ? mantissa : -mantissa, exponent);
  }
  for (const Op op : {Op::kL2, Op::kInnerProduct}) {
    std::vector<float> expected(count * count);
    for (std::size_t q = 0; q < count; ++q) {
      for (std::size_t r = 0; r < count; ++r) {
        float sum = 0;
        for (std::size_t i = 0; i < dim; ++i) {
          const float a = rows[q * dim + i];
          const float b = rows[r * dim + i];
          sum = op == Op::kL2 ? std::fma(b - a, b - a, sum) : std::fma(b, a, sum);
        }
        expected[q * count + r] = sum;
      }
    }
    for (const Target target : supported_targets()) {
      std::vector<float> out(count * count, kUntouched);
      distance_functions(op, ElementType::kFloat32, target)
          .block(
              {rows.data(), dim * 4, count, rows.data(), dim * 4, count, dim, out.data(), count});
      EXPECT_EQ(out, expected) << name_of(target) << ", seed " << kSeed;
    }
  }
}

}  // namespace
}  // namespace simile::kernels
