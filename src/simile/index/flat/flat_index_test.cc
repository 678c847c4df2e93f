#include "simile/index/flat/flat_index.h"

#include <gtest/gtest.h>

#include "simile/index/test_vectors.h"

namespace simile::index {
namespace {

// Relative to the scale of the sums, which the kernels keep in float.
void expect_near(double naive, float found, double scale) {
  EXPECT_NEAR(naive, found, 2e-4 * (1 + scale));
}

void expect_exact(const MetricCase& c, std::size_t rows, std::size_t queries, std::size_t k,
                  const Bitmap* allowed) {
  const VectorType type{c.element, 40};
  const TestVectors base(rows, type, 1);
  const TestVectors asked(queries, type, 2);
  const TestRows stored(base, c.metric);
  const TestQueries query(asked);
  const auto index = make_flat(stored.rows, c.metric);
  std::vector<Hit> hits(queries * k);
  index->search(query.view, {.k = static_cast<std::uint32_t>(k), .allowed = allowed}, hits.data());
  for (std::size_t q = 0; q < queries; ++q) {
    const auto naive = naive_nearest(base, asked, q, c.metric, k, allowed);
    for (std::size_t i = 0; i < k; ++i) {
      const Hit& hit = hits[q * k + i];
      if (i >= naive.size()) {
        EXPECT_EQ(hit.row, kNoRow);
        EXPECT_TRUE(std::isnan(hit.distance));
        continue;
      }
      ASSERT_NE(hit.row, kNoRow);
      expect_near(naive[i], hit.distance, std::abs(naive.back()));
      if (allowed != nullptr) {
        EXPECT_TRUE(allowed->test(hit.row));
      }
    }
  }
}

TEST(FlatIndex, FindsTheNearestForEveryTypeMetricAndShape) {
  for (const MetricCase& c : all_metric_cases()) {
    SCOPED_TRACE(std::string(name_of(c.element)) + " " + std::string(name_of(c.metric)));
    for (const std::size_t rows : {0, 1, 5, 1023, 1500}) {
      for (const std::size_t queries : {1, 3, 4, 33}) expect_exact(c, rows, queries, 7, nullptr);
    }
  }
}

TEST(FlatIndex, ReturnsAllowedRowsOnlyAndAllOfThemWhereFewerThanK) {
  Random random(3);
  for (const MetricCase& c : all_metric_cases()) {
    SCOPED_TRACE(std::string(name_of(c.element)) + " " + std::string(name_of(c.metric)));
    for (const std::size_t share : {1, 2, 10, 700}) {
      Bitmap allowed(1500);
      for (std::size_t i = 0; i < 1500; ++i) {
        if (random.below(share) == 0) allowed.set(i);
      }
      for (const std::size_t queries : {1, 9}) expect_exact(c, 1500, queries, 10, &allowed);
    }
    const Bitmap none(1500);
    expect_exact(c, 1500, 9, 10, &none);
  }
}

TEST(FlatIndex, BatchEqualsOneByOneWhereTilesCancel) {
  // A common offset of 1,000 leaves |a|^2 + |b|^2 - 2ab no correct digit.
  const VectorType type{ElementType::kFloat32, 32};
  TestVectors base(700, type, 1);
  TestVectors asked(40, type, 2);
  for (TestVectors* vectors : {&base, &asked}) {
    for (std::size_t i = 0; i < vectors->view().rows; ++i) {
      auto* row = reinterpret_cast<float*>(vectors->row(i));
      for (std::size_t d = 0; d < type.dim; ++d) row[d] = row[d] * 0.01f + 1000.0f;
    }
  }
  const TestRows stored(base, Metric::kL2);
  const auto index = make_flat(stored.rows, Metric::kL2);
  constexpr std::uint32_t kK = 10;
  std::vector<Hit> together(40 * kK);
  index->search(asked.view(), {.k = kK}, together.data());
  for (std::size_t q = 0; q < 40; ++q) {
    std::vector<Hit> alone(kK);
    index->search(asked.view().slice(q, 1), {.k = kK}, alone.data());
    for (std::size_t i = 0; i < kK; ++i) {
      EXPECT_EQ(alone[i].row, together[q * kK + i].row);
      EXPECT_EQ(alone[i].distance, together[q * kK + i].distance);
    }
  }
}

// Hits of a batch, and of each of its queries alone.
void expect_batch_equals_one_by_one(const VectorIndex& index, const MatrixView& queries,
                                    const SearchOptions& options) {
  std::vector<Hit> together(queries.rows * options.k);
  std::vector<Hit> alone(options.k);
  index.search(queries, options, together.data());
  for (std::size_t q = 0; q < queries.rows; ++q) {
    index.search(queries.slice(q, 1), options, alone.data());
    for (std::size_t i = 0; i < options.k; ++i) {
      const Hit& hit = together[q * options.k + i];
      ASSERT_EQ(alone[i].row, hit.row) << "query " << q << ", place " << i;
      if (hit.row == kNoRow) continue;
      ASSERT_EQ(alone[i].distance, hit.distance) << "query " << q;
    }
  }
}

TEST(FlatIndex, BatchEqualsOneByOneForEveryTypeAndMetric) {
  Random random(5);
  Bitmap allowed(3000);
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (random.below(3) == 0) allowed.set(i);
  }
  for (const MetricCase& c : all_metric_cases()) {
    SCOPED_TRACE(std::string(name_of(c.element)) + " " + std::string(name_of(c.metric)));
    const VectorType type{c.element, 104};
    const TestVectors base(3000, type, 1);
    const TestVectors asked(33, type, 2);
    const TestRows stored(base, c.metric);
    const TestQueries query(asked);
    const auto index = make_flat(stored.rows, c.metric);
    for (const std::uint32_t k : {1u, 10u, 400u}) {
      for (const std::size_t queries : {2, 5, 33}) {
        const MatrixView part = query.view.slice(0, queries);
        expect_batch_equals_one_by_one(*index, part, {.k = k});
        expect_batch_equals_one_by_one(*index, part, {.k = k, .allowed = &allowed});
      }
    }
  }
}

// Lengths from where squares vanish to where they overflow, in one index and in queries.
TEST(FlatIndex, BatchEqualsOneByOneForExtremeLengths) {
  const VectorType type{ElementType::kFloat32, 24};
  TestVectors base(900, type, 1);
  TestVectors asked(60, type, 2);
  Random random(6);
  for (TestVectors* vectors : {&base, &asked}) {
    for (std::size_t i = 0; i < vectors->view().rows; ++i) {
      auto* row = reinterpret_cast<float*>(vectors->row(i));
      const float scale = std::ldexp(1.0f, static_cast<int>(random.below(200)) - 100);
      for (std::size_t d = 0; d < type.dim; ++d) row[d] *= scale;
    }
  }
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine}) {
    SCOPED_TRACE(name_of(metric));
    const TestRows stored(base, metric);
    const auto index = make_flat(stored.rows, metric);
    expect_batch_equals_one_by_one(*index, asked.view(), {.k = 10});
  }
}

TEST(FlatIndex, BatchEqualsOneByOneAmongDuplicates) {
  const VectorType type{ElementType::kFloat32, 96};
  TestVectors base(2000, type, 1);
  for (std::size_t i = 7; i < 2000; ++i) {  // seven different vectors
    std::memcpy(base.row(i), base.row(i % 7), type.bytes());
  }
  const TestVectors asked(20, type, 2);
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine}) {
    SCOPED_TRACE(name_of(metric));
    const TestRows stored(base, metric);
    const auto index = make_flat(stored.rows, metric);
    expect_batch_equals_one_by_one(*index, asked.view(), {.k = 30});
    expect_batch_equals_one_by_one(*index, base.view().slice(0, 20), {.k = 30});
  }
}

TEST(FlatIndex, OrdersEqualDistancesByRow) {
  const std::vector<float> same(8 * 100, 1.0f);
  const MatrixView rows(same.data(), 100, {ElementType::kFloat32, 8});
  const auto index = make_flat({rows, {}}, Metric::kL2);
  for (const std::size_t queries : {1, 8}) {
    std::vector<Hit> hits(queries * 5);
    index->search(rows.slice(0, queries), {.k = 5}, hits.data());
    for (std::uint32_t i = 0; i < 5; ++i) EXPECT_EQ(hits[i].row, RowId{i});
  }
}

TEST(FlatIndex, CancelledSearchReturnsNothing) {
  const VectorType type{ElementType::kFloat32, 8};
  const TestVectors base(100, type, 1);
  CancelToken cancel;
  cancel.cancel();
  const auto index = make_flat({base.view(), {}}, Metric::kL2);
  std::vector<Hit> hits(3);
  index->search(base.view().slice(0, 1), {.k = 3, .cancel = &cancel}, hits.data());
  for (const Hit& hit : hits) EXPECT_EQ(hit.row, kNoRow);
}

}  // namespace
}  // namespace simile::index
