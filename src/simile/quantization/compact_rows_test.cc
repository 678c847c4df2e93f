#include "simile/quantization/compact_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "simile/base/random.h"
#include "simile/kernels/distance.h"

namespace simile::quantization {
namespace {

constexpr std::uint32_t kDim = 37;
constexpr VectorType kType{ElementType::kFloat32, kDim};

using Floats = std::vector<float>;

MatrixView view_of(const Floats& rows) { return {rows.data(), rows.size() / kDim, kType}; }

Floats whole_numbers(std::size_t rows, std::uint64_t below, Random& random) {
  Floats all(rows * kDim);
  for (float& x : all) x = static_cast<float>(random.below(below));
  return all;
}

Floats normal_numbers(std::size_t rows, double size, Random& random) {
  Floats all(rows * kDim);
  for (float& x : all) x = static_cast<float>(size * random.normal());
  return all;
}

Floats back(const CompactRows& rows, std::size_t i) {
  Floats row(kDim);
  const MatrixView view = rows.view();
  if (view.type.element == ElementType::kFloat32) {
    std::memcpy(row.data(), view.row(i), kType.bytes());
  } else {
    kernels::to_float32(view.type.element, view.row(i), kDim, row.data());
  }
  return row;
}

void expect_rows(const CompactRows& rows, std::size_t first, const Floats& expected) {
  for (std::size_t i = 0; i < expected.size() / kDim; ++i) {
    const Floats row = back(rows, first + i);
    float largest = 0;
    for (std::uint32_t d = 0; d < kDim; ++d) {
      largest = std::max(largest, std::fabs(expected[i * kDim + d]));
    }
    const bool exact = rows.stored_type().element != ElementType::kScaled16;
    const float error = exact ? 0 : largest * 0.501f / 32'767 + largest * 0x1p-23f;
    for (std::uint32_t d = 0; d < kDim; ++d) {
      ASSERT_NEAR(row[d], expected[i * kDim + d], error) << "row " << first + i << ", " << d;
    }
  }
}

TEST(CompactRows, WholeNumbersBelow256AreBytes) {
  Random random(1);
  CompactRows rows(kType, true);
  const Floats all = whole_numbers(3000, 256, random);
  EXPECT_FALSE(rows.append(view_of(all), 2));
  EXPECT_EQ(rows.stored_type().element, ElementType::kUint8);
  EXPECT_EQ(rows.memory_bytes(), 3000 * kDim);
  expect_rows(rows, 0, all);
}

TEST(CompactRows, WhatHalvesHoldIsHalves) {
  for (const float last : {0.5f, 256.0f, -1.0f}) {
    Random random(2);
    CompactRows rows(kType, true);
    Floats all = whole_numbers(20, 256, random);
    all.back() = last;
    rows.append(view_of(all), 1);
    EXPECT_EQ(rows.stored_type().element, ElementType::kFloat16) << last;
    expect_rows(rows, 0, all);
  }
}

TEST(CompactRows, OthersAreFloatsWhileFew) {
  Random random(3);
  CompactRows rows(kType, true);
  const Floats all = normal_numbers(50, 1, random);
  rows.append(view_of(all), 1);
  EXPECT_EQ(rows.stored_type(), kType);
  EXPECT_EQ(back(rows, 7), Floats(all.begin() + 7 * kDim, all.begin() + 8 * kDim));
}

TEST(CompactRows, ManyAreMultiplesOfAStepForEachRow) {
  Random random(3);
  CompactRows rows(kType, true);
  const std::size_t many = CompactRows::kSmallBytes / kType.bytes();
  const Floats few = normal_numbers(50, 1, random);
  EXPECT_FALSE(rows.append(view_of(few), 2));
  EXPECT_TRUE(rows.append(view_of(normal_numbers(many, 1, random)), 2));
  EXPECT_EQ(rows.stored_type().element, ElementType::kScaled16);
  EXPECT_EQ(rows.memory_bytes(), rows.size() * (4 + 2 * kDim));
  expect_rows(rows, 0, few);
  for (const double size : {1.0, 1e-3, 1e6, 1e-40, 1e37}) {
    const std::size_t first = rows.size();
    const Floats all = normal_numbers(50, size, random);
    EXPECT_FALSE(rows.append(view_of(all), 1));
    if (size > 1e-30) expect_rows(rows, first, all);
    for (const float x : back(rows, first)) ASSERT_TRUE(std::isfinite(x)) << size;
  }
}

TEST(CompactRows, LaterRowsChangeTheTypeOfAll) {
  Random random(4);
  CompactRows rows(kType, true);
  const Floats bytes = whole_numbers(2000, 256, random);
  const Floats halves = whole_numbers(10, 2048, random);
  const Floats floats = normal_numbers(10, 1, random);
  EXPECT_FALSE(rows.append(view_of(bytes), 2));
  EXPECT_TRUE(rows.append(view_of(halves), 2));
  EXPECT_EQ(rows.stored_type().element, ElementType::kFloat16);
  expect_rows(rows, 0, bytes);
  EXPECT_TRUE(rows.append(view_of(floats), 2));
  EXPECT_EQ(rows.stored_type().element, ElementType::kFloat32);
  expect_rows(rows, 0, bytes);
  expect_rows(rows, 2000, halves);
  expect_rows(rows, 2010, floats);
  EXPECT_FALSE(rows.append(view_of(bytes), 2));
  expect_rows(rows, 2020, bytes);
}

TEST(CompactRows, StayAsTheyAreWhereAsked) {
  Random random(5);
  CompactRows rows(kType, false);
  const Floats all = whole_numbers(20, 256, random);
  rows.append(view_of(all), 1);
  EXPECT_EQ(rows.stored_type(), kType);
  expect_rows(rows, 0, all);
}

TEST(CompactRows, RowsAreTakenFromOthers) {
  Random random(6);
  CompactRows rows(kType, true);
  const Floats all = whole_numbers(20, 256, random);
  rows.append(view_of(all), 1);
  CompactRows others(kType, true);
  others.append_row_of(rows, 7);
  others.append_row_of(rows, 3);
  ASSERT_EQ(others.size(), 2U);
  EXPECT_EQ(back(others, 0), back(rows, 7));
  EXPECT_EQ(back(others, 1), back(rows, 3));
}

}  // namespace
}  // namespace simile::quantization
