#include "simile/kernels/neighbor_codes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "simile/base/half.h"
#include "simile/base/random.h"

namespace simile::kernels {
namespace {

struct RandomBlock {
  RandomBlock(std::size_t groups, std::size_t planes, std::uint64_t seed, unsigned table_max) {
    Random random(seed);
    codes.resize(planes * groups * kGroupBytes);
    tables.resize(groups * kGroupBytes);
    for (auto& b : codes) b = static_cast<std::uint8_t>(random.next());
    for (auto& t : tables) t = static_cast<std::uint8_t>(random.below(table_max + 1));
    for (std::size_t i = 0; i < kBlockCodes; ++i) {
      addends.push_back(float_to_float16(static_cast<float>(random.normal() * 100)));
      factors.push_back(float_to_float16(static_cast<float>(random.normal())));
    }
    block = {codes.data(), addends.data(), factors.data(), groups, planes};
    query = {tables.data(), 0.25f, -17.5f};
  }

  // What the header says, in double.
  double naive(std::size_t vector, float base) const {
    double sum = 0;
    for (std::size_t p = 0; p < block.planes; ++p) {
      for (std::size_t g = 0; g < block.groups; ++g) {
        const std::uint8_t byte = codes[(p * block.groups + g) * kGroupBytes + vector % 16];
        const unsigned nibble = vector < 16 ? byte & 15u : byte >> 4;
        sum += std::ldexp(tables[g * kGroupBytes + nibble], static_cast<int>(block.planes - 1 - p));
      }
    }
    const double product =
        static_cast<double>(query.scale) * sum + static_cast<double>(query.offset);
    return std::max(0.0, static_cast<double>(base) + float16_to_float(addends[vector]) +
                             float16_to_float(factors[vector]) * product);
  }

  std::vector<std::uint8_t> codes;
  std::vector<std::uint8_t> tables;
  std::vector<std::uint16_t> addends;
  std::vector<std::uint16_t> factors;
  NeighborBlock block;
  NeighborTables query;
};

TEST(NeighborCodes, EveryTargetGivesTheDocumentedSum) {
  for (const Target target : supported_targets()) {
    SCOPED_TRACE(std::string(name_of(target)));
    const EstimateFunction estimate = neighbor_code_functions(target).estimate;
    for (const std::size_t groups : {4, 8, 16, 20, 32, 96, 196, 384}) {
      for (const std::size_t planes : {1, 2}) {
        const RandomBlock data(groups, planes, groups * 2 + planes, 127u);
        std::vector<float> out(kBlockCodes);
        estimate(data.block, data.query, 12.5f, 1e30f, {}, out.data());
        for (std::size_t i = 0; i < kBlockCodes; ++i) {
          const double naive = data.naive(i, 12.5f);
          EXPECT_NEAR(out[i], naive, 1e-5 * (100 + std::abs(naive))) << groups << " " << planes;
        }
      }
    }
  }
}

TEST(NeighborCodes, TheLargestSumsOfAPlaneDoNotOverflow) {
  for (const Target target : supported_targets()) {
    RandomBlock data(516, 2, 1, 0);
    std::ranges::fill(data.tables, std::uint8_t{127});  // 516 x 127 = 65,532
    std::vector<float> out(kBlockCodes);
    neighbor_code_functions(target).estimate(data.block, data.query, 0, 1e30f, {}, out.data());
    for (std::size_t i = 0; i < kBlockCodes; ++i) {
      EXPECT_NEAR(out[i], data.naive(i, 0), 1e-5 * (100 + std::abs(data.naive(i, 0))));
    }
  }
}

TEST(NeighborCodes, EveryTargetGivesTheSameEstimatesAndMask) {
  for (const std::size_t groups : {4, 20, 32, 96}) {
    const RandomBlock data(groups, 2, groups, 127);
    std::vector<float> first(kBlockCodes);
    const float bound = static_cast<float>(data.naive(3, 12.5f));
    const std::uint32_t near =
        neighbor_code_functions(Target::kScalar)
            .estimate(data.block, data.query, 12.5f, bound, {}, first.data());
    for (std::size_t i = 0; i < kBlockCodes; ++i) EXPECT_EQ(near >> i & 1, first[i] < bound);
    for (const Target target : supported_targets()) {
      std::vector<float> out(kBlockCodes);
      // The lines asked for ahead change nothing.
      const LinesAhead ahead{first.data(), 2};
      EXPECT_EQ(neighbor_code_functions(target).estimate(data.block, data.query, 12.5f, bound,
                                                         ahead, out.data()),
                near);
      EXPECT_EQ(out, first) << name_of(target);
    }
  }
}

TEST(NeighborCodes, EveryTargetMultipliesAsDocumented) {
  Random random(4);
  for (const Target target : supported_targets()) {
    for (const std::size_t dim : {4, 16, 48, 64, 80, 96, 128, 784, 65'000}) {
      std::vector<std::int8_t> code(dim);
      std::vector<std::int8_t> other(dim);
      std::int32_t with_other = 0, with_itself = 0;
      for (std::size_t d = 0; d < dim; ++d) {
        code[d] = dim > 1000 ? -128 : static_cast<std::int8_t>(random.below(256) - 128);
        other[d] = dim > 1000 ? 127 : static_cast<std::int8_t>(random.below(256) - 128);
        with_other += code[d] * other[d];
        with_itself += code[d] * code[d];
      }
      const Products products =
          neighbor_code_functions(target).multiply(code.data(), other.data(), dim);
      EXPECT_EQ(products.with_other, with_other) << name_of(target) << " " << dim;
      EXPECT_EQ(products.with_itself, with_itself) << name_of(target) << " " << dim;
    }
  }
}

TEST(NeighborCodes, EveryTargetCodesDifferencesAsDocumented) {
  Random random(9);
  for (const Target target : supported_targets()) {
    const NeighborCodeFunctions& functions = neighbor_code_functions(target);
    for (const std::size_t dim : {4, 64, 252, 256, 260, 832, 70'000}) {
      for (const std::size_t planes : {1, 2}) {
        std::vector<std::int8_t> from(dim);
        std::vector<std::int8_t> to(dim);
        for (std::size_t d = 0; d < dim; ++d) {
          from[d] = static_cast<std::int8_t>(random.below(256) - 128);
          to[d] = dim > 1000 ? static_cast<std::int8_t>(from[d] < 0 ? 127 : -128)
                             : static_cast<std::int8_t>(random.below(256) - 128);
        }
        std::vector<std::uint8_t> nibbles(planes * dim / kGroupDims);
        const std::int32_t outer = 60;
        const CodeProducts products =
            functions.code(from.data(), to.data(), dim, outer, planes, nibbles.data());
        std::int64_t magnitude = 0, squared = 0, with_difference = 0, with_from = 0;
        for (std::size_t d = 0; d < dim; ++d) {
          const int r = to[d] - from[d];
          const int x = (planes == 2 && std::abs(r) > outer ? 3 : 1) * (r < 0 ? -1 : 1);
          magnitude += std::abs(r);
          squared += r * r;
          with_difference += x * r;
          with_from += x * from[d];
          const unsigned bit = d % kGroupDims;
          const unsigned high = nibbles[d / kGroupDims] >> bit & 1;
          const unsigned low = planes == 2 ? nibbles[(dim + d) / kGroupDims] >> bit & 1 : 0;
          const int coded = planes == 2 ? static_cast<int>(2 * (2 * high + low)) - 3
                                        : static_cast<int>(2 * high) - 1;
          ASSERT_EQ(coded, x) << name_of(target) << " " << dim << " " << d;
        }
        EXPECT_EQ(products.with_difference, with_difference);
        EXPECT_EQ(products.with_from, with_from);
        const Difference difference = functions.measure(from.data(), to.data(), dim);
        EXPECT_EQ(difference.magnitude, magnitude);
        EXPECT_EQ(difference.squared, squared);
      }
    }
  }
}

TEST(NeighborCodes, EveryTargetFillsTheSameTables) {
  Random random(4);
  std::vector<float> query(16 * 8 * kGroupDims);
  for (float& q : query) q = static_cast<float>(random.normal() * 20);
  query[5] = 0;
  const std::size_t groups = query.size() / kGroupDims;
  for (const Target target : supported_targets()) {
    const NeighborCodeFunctions& functions = neighbor_code_functions(target);
    const QueryRange range = functions.range(query.data(), groups);
    const QueryRange scalar = neighbor_code_functions(Target::kScalar).range(query.data(), groups);
    EXPECT_EQ(range.sum, scalar.sum);
    EXPECT_EQ(range.lowest_sum, scalar.lowest_sum);
    EXPECT_EQ(range.widest, scalar.widest);
    const float inverse = 255 / range.widest;
    std::vector<std::uint8_t> tables(groups * kGroupBytes);
    functions.fill_tables(query.data(), groups, inverse, tables.data());
    float widest = 0;
    double sum = 0;
    for (std::size_t g = 0; g < groups; ++g) {
      double lowest = 0;
      float size = 0;
      for (std::size_t i = 0; i < kGroupDims; ++i) {
        const float q = query[g * kGroupDims + i];
        lowest += std::min(0.0f, q);
        size += std::abs(q);
        sum += static_cast<double>(q);
      }
      widest = std::max(widest, size);
      for (std::size_t n = 0; n < kGroupBytes; ++n) {
        double entry = -lowest;
        for (std::size_t i = 0; i < kGroupDims; ++i) {
          if ((n >> i & 1) != 0) entry += static_cast<double>(query[g * kGroupDims + i]);
        }
        EXPECT_NEAR(tables[g * kGroupBytes + n], entry * static_cast<double>(inverse), 0.501);
      }
    }
    EXPECT_NEAR(range.widest, widest, 1e-4);
    EXPECT_NEAR(range.sum, sum, 1e-2);
    std::vector<std::uint8_t> expected(tables.size());
    neighbor_code_functions(Target::kScalar)
        .fill_tables(query.data(), groups, inverse, expected.data());
    EXPECT_EQ(tables, expected) << name_of(target);
  }
}

}  // namespace
}  // namespace simile::kernels
