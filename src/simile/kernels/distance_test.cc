#include "simile/kernels/distance.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <vector>

#include "simile/kernels/distance_oracle.h"
#include "simile/kernels/guarded_rows.h"

namespace simile::kernels {
namespace {

constexpr std::uint64_t kSeed = 20240607;

/// Every length around the widths of vectors and of groups of sums, and the common ones.
std::vector<std::size_t> dims_of(const Kernel& kernel) {
  std::vector<std::size_t> dims(71);
  std::iota(dims.begin(), dims.end(), std::size_t{0});
  dims.insert(dims.end(), {95,  96,  97,  100, 127, 128, 129,  200,  255,  256,
                           257, 384, 512, 768, 784, 960, 1023, 1025, 1536, 4097});
  if (kernel.row == ElementType::kBit) {
    for (std::size_t& dim : dims) dim *= 8;
  }
  return dims;
}

/// Verbs over one kernel on one target.
class DistanceTest : public testing::TestWithParam<std::tuple<Target, Kernel>> {
 protected:
  Target target() const { return std::get<0>(GetParam()); }
  const Kernel& kernel() const { return std::get<1>(GetParam()); }
  const DistanceFunctions& functions() const {
    return distance_functions(kernel().op, kernel().row, target());
  }
  std::size_t query_bytes(std::size_t dim) const { return bytes_of(kernel().query(), dim); }
  std::size_t row_bytes(std::size_t dim) const { return bytes_of(kernel().row, dim); }

  void fill_query(GuardedRows& queries, std::size_t dim) {
    for (std::size_t i = 0; i < queries.rows(); ++i) {
      fill_randomly(kernel().query(), queries.row(i), dim, random_);
    }
  }
  void fill_rows(GuardedRows& rows, std::size_t dim) {
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      fill_randomly(kernel().row, rows.row(i), dim, random_);
    }
  }
  void expect_near(float got, const std::byte* query, const std::byte* row, std::size_t dim,
                   std::size_t additions) const {
    const Expected expected = expected_distance(kernel(), query, row, dim);
    EXPECT_NEAR(static_cast<double>(got), expected.value, tolerance(kernel(), expected, additions))
        << name_of(kernel()) << " on " << name_of(target()) << ", dim " << dim << ", seed "
        << kSeed;
  }

  Random random_{kSeed};
};

TEST_P(DistanceTest, PairIsTheDefinition) {
  for (const std::size_t dim : dims_of(kernel())) {
    GuardedRows query(1, query_bytes(dim));
    GuardedRows row(1, row_bytes(dim));
    fill_query(query, dim);
    fill_rows(row, dim);
    expect_near(functions().pair(query.data(), row.data(), dim), query.data(), row.data(), dim,
                dim / 32 + 6);
  }
}

TEST_P(DistanceTest, PairTakesAnyAlignment) {
  const std::size_t dim = 72;
  for (std::size_t shift = 0; shift < 64; ++shift) {
    std::vector<std::byte> query(query_bytes(dim) + 64, std::byte{0xFF});
    std::vector<std::byte> row(row_bytes(dim) + 64, std::byte{0xFF});
    fill_randomly(kernel().query(), query.data() + shift, dim, random_);
    fill_randomly(kernel().row, row.data() + 63 - shift, dim, random_);
    expect_near(functions().pair(query.data() + shift, row.data() + 63 - shift, dim),
                query.data() + shift, row.data() + 63 - shift, dim, 8);
  }
}

TEST_P(DistanceTest, ScanGivesTheBitsOfPair) {
  for (const std::size_t dim : {8, 24, 64, 136, 784}) {
    for (const std::size_t count : {0, 1, 2, 3, 4, 5, 7, 8, 9, 33}) {
      for (const std::size_t padding : {0, 1, 12}) {
        GuardedRows query(1, query_bytes(dim));
        GuardedRows rows(count, row_bytes(dim), padding);
        GuardedRows out(count, sizeof(float));
        fill_query(query, dim);
        fill_rows(rows, dim);
        functions().scan(query.data(), rows.data(), rows.stride(), count, dim,
                         reinterpret_cast<float*>(out.row(0)));
        for (std::size_t i = 0; i < count; ++i) {
          EXPECT_EQ(read_at<float>(out.data(), i), functions().pair(query.data(), rows.row(i), dim))
              << "row " << i << " of " << count << ", dim " << dim << ", seed " << kSeed;
        }
      }
    }
  }
}

TEST_P(DistanceTest, GatherGivesTheBitsOfPairInTheOrderOfIds) {
  for (const std::size_t dim : {8, 24, 64, 136, 784}) {
    GuardedRows query(1, query_bytes(dim));
    GuardedRows rows(50, row_bytes(dim), 3);
    fill_query(query, dim);
    fill_rows(rows, dim);
    for (const std::size_t count : {0, 1, 2, 3, 4, 5, 7, 32, 100}) {
      GuardedRows ids(count, sizeof(std::uint32_t));
      GuardedRows out(count, sizeof(float));
      for (std::size_t i = 0; i < count; ++i) {
        const auto id = static_cast<std::uint32_t>(i == 0 ? 49 : random_.below(50));
        std::memcpy(ids.row(i), &id, sizeof id);
      }
      const auto* first_id = reinterpret_cast<const std::uint32_t*>(ids.data());
      functions().gather(query.data(), rows.data(), rows.stride(), first_id, count, dim,
                         reinterpret_cast<float*>(out.row(0)));
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(read_at<float>(out.data(), i),
                  functions().pair(query.data(), rows.row(first_id[i]), dim))
            << "id " << i << " of " << count << ", dim " << dim << ", seed " << kSeed;
      }
    }
  }
}

TEST_P(DistanceTest, PairHasTheBitsOfTheScalarTarget) {
  const auto& scalar = distance_functions(kernel().op, kernel().row, Target::kScalar);
  for (const std::size_t dim : dims_of(kernel())) {
    GuardedRows query(1, query_bytes(dim));
    GuardedRows row(1, row_bytes(dim));
    fill_query(query, dim);
    fill_rows(row, dim);
    EXPECT_EQ(functions().pair(query.data(), row.data(), dim),
              scalar.pair(query.data(), row.data(), dim))
        << "dim " << dim << ", seed " << kSeed;
  }
}

TEST_P(DistanceTest, EqualVectorsAreAtZeroUnlessSimilarityIsMeasured) {
  if (kernel().op == Op::kInnerProduct) return;
  for (const std::size_t dim : {8, 56, 128, 784}) {
    GuardedRows row(1, row_bytes(dim));
    GuardedRows query(1, query_bytes(dim));
    fill_rows(row, dim);
    if (kernel().query() == kernel().row) {
      std::memcpy(query.row(0), row.data(), row_bytes(dim));
    } else {
      to_float32(kernel().row, row.data(), dim, reinterpret_cast<float*>(query.row(0)), target());
    }
    EXPECT_EQ(functions().pair(query.data(), row.data(), dim), 0.0f);
  }
}

std::string test_name(const testing::TestParamInfo<std::tuple<Target, Kernel>>& info) {
  return std::string(name_of(std::get<0>(info.param))) + "_" + name_of(std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(EveryTarget, DistanceTest,
                         testing::Combine(testing::ValuesIn(supported_targets()),
                                          testing::ValuesIn(kKernels)),
                         test_name);

// Values at the ends of their types' ranges, on every target.

float pair_of(const Kernel& kernel, Target target, std::size_t dim, float query, float row) {
  std::vector<std::byte> a(bytes_of(kernel.query(), dim));
  std::vector<std::byte> b(bytes_of(kernel.row, dim));
  for (std::size_t i = 0; i < dim; ++i) {
    put_component(kernel.query(), a.data(), i, query);
    put_component(kernel.row, b.data(), i, row);
  }
  return distance_functions(kernel.op, kernel.row, target).pair(a.data(), b.data(), dim);
}

TEST(DistanceRange, Int8SumsAreExactAtTheLargestDimension) {
  const Kernel l2{Op::kL2, ElementType::kInt8};
  const Kernel product{Op::kInnerProduct, ElementType::kInt8};
  for (const Target target : supported_targets()) {
    SCOPED_TRACE(name_of(target));
    EXPECT_EQ(pair_of(l2, target, kMaxDimension, -128, 127), 65025.0f * 65536.0f);
    EXPECT_EQ(pair_of(product, target, kMaxDimension, -128, -128), 16384.0f * 65536.0f);
    EXPECT_EQ(pair_of(product, target, kMaxDimension, -128, 127), -16256.0f * 65536.0f);
    EXPECT_EQ(pair_of(product, target, 3, -128, -128), 3 * 16384.0f);
  }
}

TEST(DistanceRange, Float16KeepsSubnormalsAndTheLargest) {
  const Kernel product{Op::kInnerProduct, ElementType::kFloat16};
  for (const Target target : supported_targets()) {
    SCOPED_TRACE(name_of(target));
    EXPECT_EQ(pair_of(product, target, 19, 1, 0x1p-24f), 19 * 0x1p-24f);
    EXPECT_EQ(pair_of(product, target, 19, 1, -65504), 19 * -65504.0f);
  }
}

TEST(DistanceRange, BFloat16KeepsSubnormalsAndTheLargest) {
  const Kernel product{Op::kInnerProduct, ElementType::kBFloat16};
  const float largest = bfloat16_to_float(0x7F7F);
  for (const Target target : supported_targets()) {
    SCOPED_TRACE(name_of(target));
    EXPECT_EQ(pair_of(product, target, 19, 1, 0x1p-133f), 19 * 0x1p-133f);
    EXPECT_EQ(pair_of(product, target, 8, 0x1p-8f, largest), largest / 32);
  }
}

TEST(DistanceRange, Float32KeepsSubnormalProductsAndOverflowsToInfinity) {
  const Kernel l2{Op::kL2, ElementType::kFloat32};
  const float infinity = std::numeric_limits<float>::infinity();
  for (const Target target : supported_targets()) {
    SCOPED_TRACE(name_of(target));
    EXPECT_EQ(pair_of(l2, target, 33, 0x1p-74f, 0), 33 * 0x1p-148f);
    EXPECT_EQ(pair_of(l2, target, 33, 0x1p127f, -0x1p127f), infinity);
  }
}

TEST(DistanceRange, JaccardOfEmptySetsIsZeroAndOfDisjointOnesIsOne) {
  const std::byte none[9] = {};
  const std::byte low[9] = {std::byte{0x0F}};
  const std::byte high[9] = {std::byte{0xF0}};
  for (const Target target : supported_targets()) {
    const auto& jaccard = distance_functions(Op::kJaccard, ElementType::kBit, target);
    EXPECT_EQ(jaccard.pair(none, none, 72), 0.0f);
    EXPECT_EQ(jaccard.pair(low, high, 72), 1.0f);
    EXPECT_EQ(jaccard.pair(low, none, 72), 1.0f);
  }
}

TEST(DistanceFunctionsDeathTest, WrongCombinationsAssert) {
  EXPECT_DEATH(distance_functions(Op::kHamming, ElementType::kFloat32), "functions != nullptr");
  EXPECT_DEATH(distance_functions(Op::kL2, ElementType::kBit), "functions != nullptr");
#if defined(__x86_64__)
  EXPECT_DEATH(distance_functions(Op::kL2, ElementType::kInt8, Target::kNeon), "supported_targets");
#endif
}

}  // namespace
}  // namespace simile::kernels
