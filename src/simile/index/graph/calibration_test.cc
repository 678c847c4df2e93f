#include "simile/index/graph/calibration.h"

#include <gtest/gtest.h>

#include <numeric>

#include "simile/index/graph/graph_index.h"
#include "simile/index/test_vectors.h"

namespace simile::index {
namespace {

constexpr std::uint32_t kK = 10;
constexpr std::size_t kRows = 3000;
constexpr std::size_t kQueries = 300;

/// Rows of clusters with a graph over them, which is asked for recalls.
struct Asked {
  Asked(MetricCase c, Optimize optimize, std::uint32_t dim = 64)
      : metric(c.metric), base(kRows, {c.element, dim}, 1), stored(base, c.metric) {
    index = *build_graph(stored.rows, metric, {.degree = 16, .optimize = optimize}, {.threads = 2});
  }

  double recall(const TestVectors& queries, std::uint32_t effort) const {
    const TestQueries query(queries);
    std::vector<Hit> hits(kQueries * kK);
    index->search(query.view, {.k = kK, .effort = effort}, hits.data());
    std::size_t found = 0;
    std::vector<Hit> nearest(kQueries * kK);
    make_flat(stored.rows, metric)->search(query.view, {.k = kK}, nearest.data());
    for (std::size_t q = 0; q < kQueries; ++q) {
      for (std::size_t i = 0; i < kK; ++i) {
        found += hits[q * kK + i].distance <= nearest[q * kK + kK - 1].distance;
      }
    }
    return static_cast<double>(found) / (kQueries * kK);
  }

  Metric metric;
  TestVectors base;
  TestRows stored;
  std::unique_ptr<VectorIndex> index;
};

std::vector<std::uint32_t> all_rows() {
  std::vector<std::uint32_t> rows(kRows);
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

TEST(Calibration, QueriesReachTheRecallThatWasAskedFor) {
  struct Case {
    MetricCase rows;
    Optimize optimize;
  };
  for (const Case& c : {Case{{ElementType::kFloat32, Metric::kL2}, Optimize::kSpeed},
                        Case{{ElementType::kFloat32, Metric::kCosine}, Optimize::kMemory},
                        Case{{ElementType::kFloat32, Metric::kInnerProduct}, Optimize::kSpeed},
                        Case{{ElementType::kInt8, Metric::kL2}, Optimize::kMemory},
                        Case{{ElementType::kBit, Metric::kHamming}, Optimize::kSpeed}}) {
    SCOPED_TRACE(std::string(name_of(c.rows.element)) + " " + std::string(name_of(c.rows.metric)));
    const Asked asked(c.rows, c.optimize);
    const TestVectors queries(kQueries, asked.base.view().type, 2);
    std::uint32_t before = 0;
    for (const float wanted : {0.9f, 0.95f, 0.99f}) {
      const TestQueries query(queries);
      const std::uint32_t effort = asked.index->effort_for(query.view, kK, wanted);
      EXPECT_GE(effort, before);
      EXPECT_GE(asked.recall(queries, effort), static_cast<double>(wanted) - 0.01)
          << wanted << " at effort " << effort;
      before = effort;
    }
    EXPECT_LT(before, kRows / 8) << "as good as a scan";
  }
}

TEST(Calibration, RowsAloneAreEnoughWhereQueriesAreLikeRows) {
  const Asked asked({ElementType::kFloat32, Metric::kL2}, Optimize::kSpeed);
  const TestVectors queries(kQueries, asked.base.view().type, 2);
  const std::uint32_t effort = asked.index->effort_for(queries.view().slice(0, 1), kK, 0.95f);
  EXPECT_GE(asked.recall(queries, effort), 0.94);
}

TEST(Calibration, QueriesOfAnotherKindAreRememberedAndCount) {
  const Asked asked({ElementType::kFloat32, Metric::kL2}, Optimize::kSpeed);
  const TestVectors like(kQueries, asked.base.view().type, 2);
  TestVectors unlike(kQueries, asked.base.view().type, 3);
  Random random(4);
  for (std::size_t i = 0; i < kQueries; ++i) {
    auto* row = reinterpret_cast<float*>(unlike.row(i));
    for (std::size_t d = 0; d < 64; ++d) row[d] = static_cast<float>(random.normal() * 3);
  }
  asked.index->effort_for(like.view().slice(0, 1), kK, 0.95f);
  const std::uint32_t effort = asked.index->effort_for(unlike.view(), kK, 0.95f);
  EXPECT_GE(asked.recall(unlike, effort), 0.94) << effort;
  EXPECT_LE(asked.recall(unlike, effort), 0.99) << effort;
}

TEST(Calibration, AskedAgainItAnswersTheSameAndReportsWhatItMeasured) {
  const Asked asked({ElementType::kFloat32, Metric::kL2}, Optimize::kMemory);
  EXPECT_TRUE(asked.index->calibration().empty());
  const MatrixView query = asked.base.view().slice(0, 1);
  const std::uint32_t effort = asked.index->effort_for(query, kK, 0.9f);
  const auto points = asked.index->calibration();
  ASSERT_FALSE(points.empty());
  EXPECT_GE(points.back().recall, 0.9f);
  EXPECT_GE(points.back().effort, effort);
  EXPECT_EQ(asked.index->effort_for(query, kK, 0.9f), effort);
  EXPECT_EQ(asked.index->calibration(), points);
  const Asked twin({ElementType::kFloat32, Metric::kL2}, Optimize::kMemory);
  EXPECT_EQ(twin.index->effort_for(query, kK, 0.9f), effort);
}

TEST(Calibration, IsWrittenAndReadWhole) {
  const Asked asked({ElementType::kFloat32, Metric::kL2}, Optimize::kSpeed);
  const Calibration::Search search = [&](const MatrixView& queries, std::uint32_t k,
                                         std::uint32_t effort, std::span<const std::uint32_t>,
                                         Hit* hits) {
    asked.index->search(queries, {.k = k, .effort = effort}, hits);
  };
  const std::vector<std::uint32_t> row_of = all_rows();
  Calibration calibration;
  const MatrixView queries = asked.base.view().slice(0, 40);
  const std::uint32_t effort =
      calibration.effort_for(asked.base.view(), row_of, kK, 0.95f, queries, search);
  ByteWriter writer;
  calibration.write(writer);
  const std::size_t bytes = asked.base.view().type.bytes();
  Calibration other;
  ASSERT_TRUE(other.read(writer.bytes(), bytes));
  EXPECT_EQ(other.points(), calibration.points());
  EXPECT_EQ(other.effort_for(asked.base.view(), row_of, kK, 0.95f, {},
                             [](auto&&...) { FAIL() << "was measured already"; }),
            effort);
  for (std::size_t size = 0; size < writer.size(); ++size) {
    EXPECT_FALSE(Calibration().read(writer.bytes().first(size), bytes)) << size;
  }
}

TEST(Calibration, IsMeasuredAnewWhenRowsHaveGrownByAFourth) {
  const Asked asked({ElementType::kFloat32, Metric::kL2}, Optimize::kSpeed);
  std::size_t searches = 0;
  const Calibration::Search search = [&](const MatrixView& queries, std::uint32_t k,
                                         std::uint32_t effort, std::span<const std::uint32_t>,
                                         Hit* hits) {
    ++searches;
    asked.index->search(queries, {.k = k, .effort = effort}, hits);
  };
  const std::vector<std::uint32_t> row_of = all_rows();
  Calibration calibration;
  const auto ask = [&](std::size_t nodes) {
    searches = 0;
    calibration.effort_for(asked.base.view(), std::span(row_of).first(nodes), kK, 0.9f, {}, search);
    return searches != 0;
  };
  EXPECT_TRUE(ask(2000));
  EXPECT_FALSE(ask(2400));
  EXPECT_TRUE(ask(3000));
  EXPECT_FALSE(ask(3000));
  EXPECT_TRUE(ask(1500));
}

}  // namespace
}  // namespace simile::index
