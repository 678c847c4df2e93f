#include "simile/quantization/neighbor_codec.h"

#include <gtest/gtest.h>

#include <cmath>

#include "simile/base/half.h"
#include "simile/base/random.h"

namespace simile::quantization {
namespace {

using Code = std::vector<std::int8_t>;

Code random_code(Random& random, std::size_t dim, double spread) {
  Code code(dim);
  for (auto& c : code) {
    c = static_cast<std::int8_t>(std::clamp(std::lround(random.normal() * spread), -127l, 127l));
  }
  return code;
}

double squared_distance(const std::vector<float>& q, const Code& o) {
  double sum = 0;
  for (std::size_t d = 0; d < o.size(); ++d) sum += (q[d] - o[d]) * (q[d] - o[d]);
  return sum;
}

struct Block {
  explicit Block(const NeighborCodec& codec) : codes(codec.block_bytes()) {}
  std::vector<std::uint8_t> codes;
  std::uint16_t addends[kernels::kBlockCodes] = {};
  std::uint16_t factors[kernels::kBlockCodes] = {};
};

TEST(NeighborCodec, EstimatesDistancesWithinTheStatedError) {
  Random random(1);
  for (const std::size_t dim : {16, 32, 64, 96, 112, 128, 192, 208, 256, 384, 832, 1536}) {
    const NeighborCodec codec(dim);
    EXPECT_EQ(codec.planes(), dim <= 192 ? 2u : 1u);
    const Code vertex = random_code(random, dim, 25);
    std::vector<Code> neighbors;
    Block block(codec);
    for (std::size_t slot = 0; slot < kernels::kBlockCodes; ++slot) {
      neighbors.push_back(random_code(random, dim, 25));
      codec.encode(vertex.data(), neighbors[slot].data(), slot, block.codes, block.addends,
                   block.factors);
    }
    std::vector<float> query(dim);
    for (float& q : query) q = static_cast<float>(random.normal() * 25);
    NeighborQuery tables;
    codec.prepare(query.data(), tables);
    const double to_vertex = squared_distance(query, vertex);
    std::vector<float> estimates(kernels::kBlockCodes);
    kernels::neighbor_code_functions().estimate(
        {block.codes.data(), block.addends, block.factors, codec.groups(), codec.planes()},
        tables.tables(), static_cast<float>(to_vertex / codec.unit()), 1e30f, {}, estimates.data());
    double error = 0;
    for (std::size_t i = 0; i < kernels::kBlockCodes; ++i) {
      const double exact = squared_distance(query, neighbors[i]);
      const double relative = (estimates[i] * codec.unit() - exact) / to_vertex;
      error += relative * relative;
    }
    error = std::sqrt(error / kernels::kBlockCodes);
    const double expected = (codec.planes() == 2 ? 1.0 : 2.0) / std::sqrt(static_cast<double>(dim));
    EXPECT_LT(error, expected) << dim;
    EXPECT_GT(error, expected / 20) << dim << ": an error too small to be an estimate's";
  }
}

TEST(NeighborCodec, AFactorTellsHowFarItsNeighborIs) {
  Random random(3);
  for (const std::size_t dim : {48, 64, 128, 208, 256, 1536}) {
    const NeighborCodec codec(dim);
    const Code vertex = random_code(random, dim, 25);
    Block block(codec);
    for (const double spread : {3.0, 10.0, 30.0}) {
      Code neighbor = random_code(random, dim, spread);
      double squared = 0;
      for (std::size_t d = 0; d < dim; ++d) {
        neighbor[d] = static_cast<std::int8_t>(std::clamp(neighbor[d] + vertex[d], -127, 127));
        squared += (neighbor[d] - vertex[d]) * (neighbor[d] - vertex[d]);
      }
      codec.encode(vertex.data(), neighbor.data(), 7, block.codes, block.addends, block.factors);
      const double told = codec.squared_of(float16_to_float(block.factors[7])) * codec.unit();
      EXPECT_NEAR(told / squared, 1, 2.5 / std::sqrt(static_cast<double>(dim)))
          << "dim " << dim << ", spread " << spread;
    }
  }
}

TEST(NeighborCodec, ANeighborLikeTheVertexHasItsDistance) {
  Random random(2);
  const NeighborCodec codec(128);
  const Code vertex = random_code(random, 128, 25);
  Block block(codec);
  codec.encode(vertex.data(), vertex.data(), 5, block.codes, block.addends, block.factors);
  EXPECT_EQ(block.addends[5], 0);
  EXPECT_EQ(block.factors[5], 0);
}

TEST(NeighborCodec, ExtremeCodesStayFinite) {
  for (const std::size_t dim : {64, 128, 1536, 65'536}) {
    const NeighborCodec codec(dim);
    const Code low(dim, -127);
    const Code high(dim, 127);
    Block block(codec);
    codec.encode(low.data(), high.data(), 0, block.codes, block.addends, block.factors);
    codec.encode(high.data(), low.data(), 31, block.codes, block.addends, block.factors);
    for (const std::size_t slot : {0, 31}) {
      EXPECT_TRUE(std::isfinite(float16_to_float(block.addends[slot]))) << dim;
      EXPECT_TRUE(std::isfinite(float16_to_float(block.factors[slot]))) << dim;
    }
  }
}

TEST(NeighborCodec, SlotsDoNotTouchEachOther) {
  Random random(3);
  const NeighborCodec codec(64);
  const Code vertex = random_code(random, 64, 25);
  std::vector<Code> neighbors;
  for (std::size_t i = 0; i < kernels::kBlockCodes; ++i) {
    neighbors.push_back(random_code(random, 64, 25));
  }
  Block together(codec);
  std::vector<std::uint8_t> joined(codec.block_bytes());
  for (std::size_t i = 0; i < kernels::kBlockCodes; ++i) {
    codec.encode(vertex.data(), neighbors[i].data(), i, together.codes, together.addends,
                 together.factors);
    Block alone(codec);
    codec.encode(vertex.data(), neighbors[i].data(), i, alone.codes, alone.addends, alone.factors);
    for (std::size_t b = 0; b < joined.size(); ++b) joined[b] |= alone.codes[b];
    EXPECT_EQ(alone.addends[i], together.addends[i]);
  }
  EXPECT_EQ(joined, together.codes);
}

}  // namespace
}  // namespace simile::quantization
