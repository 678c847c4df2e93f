#include "simile/quantization/int8_space.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "simile/base/random.h"
#include "simile/quantization/exact_scorer.h"
#include "simile/quantization/test_data.h"

namespace simile::quantization {
namespace {

constexpr std::uint32_t kDim = 48;

using Data = TestData<kDim>;

Int8Space encoded(const Data& data, Metric metric, std::uint32_t threads = 2) {
  Int8Space space(data.view.type, metric, 1);
  space.append(data.view, data.inverse, data.nodes, threads);
  return space;
}

// Of all nodes, as a walk computes them.
std::vector<float> distances_to(const Int8Space& space, const void* query) {
  Int8Space::FusedQuery prepared;
  space.prepare(query, prepared);
  std::vector<float> distances;
  for (std::uint32_t node = 0; node < space.size(); ++node) {
    distances.push_back(prepared.distance(space.row(node)));
  }
  return distances;
}

class Int8SpaceOf : public testing::TestWithParam<Metric> {};

// Spearman's coefficient of the order by codes and the order by exact distances.
TEST_P(Int8SpaceOf, OrdersRowsAsTheMetricDoes) {
  const Metric metric = GetParam();
  const Data data(400, metric, 1);
  const Data queries(10, metric, 2);
  const Int8Space space = encoded(data, metric);
  for (std::size_t q = 0; q < 10; ++q) {
    const ExactScorer exact(data.view, data.inverse, metric, queries.view.row(q));
    const std::vector<float> by_code = distances_to(space, queries.view.row(q));
    std::vector<float> by_row(400);
    exact.scan(0, 400, by_row.data());
    const auto ranks = [&](const std::vector<float>& values) {
      std::vector<std::uint32_t> order = data.nodes;
      std::ranges::sort(order, [&](auto a, auto b) { return values[a] < values[b]; });
      std::vector<double> rank(values.size());
      for (std::size_t i = 0; i < order.size(); ++i) rank[order[i]] = static_cast<double>(i);
      return rank;
    };
    const auto a = ranks(by_code);
    const auto b = ranks(by_row);
    double sum = 0;
    for (std::size_t i = 0; i < 400; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    EXPECT_GT(1 - 6 * sum / (400.0 * (400.0 * 400.0 - 1)), 0.995);
  }
}

TEST_P(Int8SpaceOf, IsTheSameForAnyNumberOfThreads) {
  const Data data(1000, GetParam(), 1);
  const Int8Space one = encoded(data, GetParam(), 1);
  const Int8Space three = encoded(data, GetParam(), 3);
  EXPECT_TRUE(std::ranges::equal(one.rows(), three.rows()));
}

TEST_P(Int8SpaceOf, IsTheSameAfterWritingAndReading) {
  const Data data(300, GetParam(), 1);
  const Int8Space space = encoded(data, GetParam());
  ByteWriter writer;
  space.write(writer);
  Int8Space other(data.view.type, GetParam(), 1);
  ByteReader reader(writer.bytes());
  ASSERT_TRUE(other.read(reader, space.rows(), 300));
  EXPECT_EQ(distances_to(space, data.view.row(5)), distances_to(other, data.view.row(5)));
}

INSTANTIATE_TEST_SUITE_P(Metrics, Int8SpaceOf,
                         testing::Values(Metric::kL2, Metric::kInnerProduct, Metric::kCosine));

TEST(Int8Space, NodeDistancesAreExactIntegersOfTheCodes) {
  const Data data(100, Metric::kL2, 1);
  const Int8Space space = encoded(data, Metric::kL2);
  const std::size_t stride = space.rows().size() / 100;
  for (std::uint32_t a = 0; a < 100; a += 7) {
    std::vector<float> distances(100);
    space.node_scorer(a)(data.nodes.data(), 100, distances.data());
    for (std::size_t b = 0; b < 100; ++b) {
      int naive = 0;
      for (std::size_t d = 0; d < stride; ++d) {
        const auto at = [&](std::size_t row) {
          return static_cast<std::int8_t>(space.rows()[row * stride + d]);
        };
        naive += (at(a) - at(b)) * (at(a) - at(b));
      }
      EXPECT_EQ(distances[b], static_cast<float>(naive));
    }
  }
}

TEST(Int8Space, AppendsLaterRowsAsIfTheyHadBeenThere) {
  const Data data(3000, Metric::kL2, 1);
  const Int8Space whole = encoded(data, Metric::kL2);
  Int8Space parts(data.view.type, Metric::kL2, 1);
  for (const std::size_t rows : {10, 100, 3000}) {
    parts.append(data.view.slice(0, rows), {}, std::span(data.nodes).first(rows), 1);
  }
  EXPECT_TRUE(std::ranges::equal(whole.rows(), parts.rows()));
}

TEST(Int8Space, ConstantAndZeroRowsHaveFiniteDistances) {
  for (const float value : {0.0f, 1.0f, 1e30f}) {
    Data data(20, Metric::kInnerProduct, 1);
    std::ranges::fill(data.floats, value);
    const Int8Space space = encoded(data, Metric::kInnerProduct);
    for (const float d : distances_to(space, data.view.row(0))) {
      EXPECT_TRUE(std::isfinite(d)) << value;
    }
  }
}

TEST(Int8Space, DamagedParametersAreRefused) {
  const Data data(50, Metric::kL2, 1);
  const Int8Space space = encoded(data, Metric::kL2);
  ByteWriter writer;
  space.write(writer);
  for (std::size_t size = 0; size < writer.size(); ++size) {
    Int8Space other(data.view.type, Metric::kL2, 1);
    ByteReader reader(writer.bytes().first(size));
    EXPECT_FALSE(other.read(reader, space.rows(), 50)) << size;
  }
  Int8Space other(data.view.type, Metric::kL2, 1);
  ByteReader reader(writer.bytes());
  EXPECT_FALSE(other.read(reader, space.rows().subspan(1), 50));
}

}  // namespace
}  // namespace simile::quantization
