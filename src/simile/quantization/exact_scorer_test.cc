#include "simile/quantization/exact_scorer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace simile::quantization {
namespace {

TEST(ExactScorer, GivesTheDocumentedDistanceOfEachMetric) {
  const std::vector<float> rows = {1, 0, 0, 3, 4, 0};
  const std::vector<float> query = {2, 0, 0};
  const MatrixView view(rows.data(), 2, {ElementType::kFloat32, 3});
  const std::vector<float> inverse = {1.0f, 0.2f};
  const auto distance = [&](Metric metric, std::size_t row) {
    return ExactScorer(view, inverse, metric, query.data()).distance(row);
  };
  EXPECT_FLOAT_EQ(distance(Metric::kL2, 0), 1);
  EXPECT_FLOAT_EQ(distance(Metric::kL2, 1), 1 + 16);
  EXPECT_FLOAT_EQ(distance(Metric::kInnerProduct, 0), -2);
  EXPECT_FLOAT_EQ(distance(Metric::kInnerProduct, 1), -6);
  EXPECT_FLOAT_EQ(distance(Metric::kCosine, 0), 0);
  EXPECT_FLOAT_EQ(distance(Metric::kCosine, 1), 0.4f);
}

TEST(ExactScorer, CosineOfAVectorWithItselfIsNeverNegative) {
  std::vector<float> row(37);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = 1.0f / static_cast<float>(i + 3);
  const VectorType type{ElementType::kFloat32, 37};
  for (int scale = -60; scale <= 60; ++scale) {
    std::vector<float> scaled = row;
    for (float& v : scaled) v = std::ldexp(v, scale);
    const std::vector<float> inverse = {inverse_length(scaled.data(), type)};
    const ExactScorer scorer({scaled.data(), 1, type}, inverse, Metric::kCosine, row.data());
    EXPECT_GE(scorer.distance(0), 0) << scale;
    EXPECT_LT(scorer.distance(0), 1e-6) << scale;
  }
}

TEST(ExactScorer, AZeroVectorIsAtRightAnglesToAll) {
  const VectorType type{ElementType::kFloat32, 3};
  const std::vector<float> rows = {0, 0, 0, 3, 4, 0};
  const std::vector<float> inverse = {inverse_length(rows.data(), type), 0.2f};
  const MatrixView view(rows.data(), 2, type);
  for (const float x : {0.0f, 2.0f}) {
    const std::vector<float> query = {x, 0, 0};
    const ExactScorer scorer(view, inverse, Metric::kCosine, query.data());
    EXPECT_EQ(scorer.distance(0), 1);
    EXPECT_FLOAT_EQ(scorer.distance(1), x == 0 ? 1 : 0.4f);
  }
}

TEST(ExactScorer, ScanGatherAndDistanceAgree) {
  std::vector<float> rows(50 * 20);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = std::sin(static_cast<float>(i));
  const MatrixView view(rows.data(), 50, {ElementType::kFloat32, 20});
  const ExactScorer scorer(view, {}, Metric::kL2, rows.data());
  std::vector<float> scanned(50);
  scorer.scan(0, 50, scanned.data());
  const std::vector<std::uint32_t> some = {49, 3, 3, 17};
  std::vector<float> gathered(4);
  scorer.gather(some.data(), 4, gathered.data());
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(gathered[i], scanned[some[i]], 1e-5);
    EXPECT_NEAR(scorer.distance(some[i]), scanned[some[i]], 1e-5);
  }
}

TEST(InverseLength, ReadsEveryElementType) {
  const std::vector<std::int8_t> bytes = {3, 4, -12};
  EXPECT_FLOAT_EQ(inverse_length(bytes.data(), {ElementType::kInt8, 3}), 1.0f / 13);
  const std::vector<std::uint16_t> halves = {0x4200, 0x4400};  // 3, 4
  EXPECT_FLOAT_EQ(inverse_length(halves.data(), {ElementType::kFloat16, 2}), 0.2f);
  const std::vector<std::uint16_t> brains = {0x4040, 0x4080};  // 3, 4
  EXPECT_FLOAT_EQ(inverse_length(brains.data(), {ElementType::kBFloat16, 2}), 0.2f);
}

}  // namespace
}  // namespace simile::quantization
