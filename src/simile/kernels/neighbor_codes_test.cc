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
    return static_cast<double>(base) + float16_to_float(addends[vector]) +
           float16_to_float(factors[vector]) *
               (static_cast<double>(query.scale) * sum + static_cast<double>(query.offset));
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
    const EstimateFunction estimate = estimate_function(target);
    for (const std::size_t groups : {4, 8, 16, 20, 32, 96, 196, 384}) {
      for (const std::size_t planes : {1, 2}) {
        const RandomBlock data(groups, planes, groups * 2 + planes,
                               groups > 256 ? 65'535u / static_cast<unsigned>(groups) : 255u);
        std::vector<float> out(kBlockCodes);
        estimate(data.block, data.query, 12.5f, out.data());
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
    RandomBlock data(256, 2, 1, 0);
    std::ranges::fill(data.tables, std::uint8_t{255});  // 256 x 255 = 65,280
    std::vector<float> out(kBlockCodes);
    estimate_function(target)(data.block, data.query, 0, out.data());
    for (std::size_t i = 0; i < kBlockCodes; ++i) {
      EXPECT_NEAR(out[i], data.naive(i, 0), 1e-5 * (100 + std::abs(data.naive(i, 0))));
    }
  }
}

}  // namespace
}  // namespace simile::kernels
