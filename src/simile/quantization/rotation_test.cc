#include "simile/quantization/rotation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "simile/base/random.h"

namespace simile::quantization {
namespace {

std::vector<float> rotated(const Rotation& rotation, const std::vector<float>& in) {
  std::vector<float> out(rotation.padded_dim(), 7.0f);  // what is there before must not matter
  std::copy(in.begin(), in.end(), out.begin());
  rotation.apply(out.data());
  return out;
}

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

TEST(Rotation, KeepsInnerProductsInEveryDimension) {
  Random random(1);
  for (const std::size_t dim :
       {1, 2, 25, 63, 64, 65, 96, 100, 128, 200, 384, 784, 1000, 1536, 5000}) {
    const Rotation rotation(dim, 9);
    EXPECT_EQ(rotation.padded_dim() % 16, 0u);
    EXPECT_GE(rotation.padded_dim(), dim);
    EXPECT_LT(rotation.padded_dim(), dim + std::max<std::size_t>(16, dim / 7));
    std::vector<float> a(dim);
    std::vector<float> b(dim);
    for (std::size_t i = 0; i < dim; ++i) {
      a[i] = static_cast<float>(random.normal());
      b[i] = static_cast<float>(random.normal());
    }
    EXPECT_NEAR(dot(a, b), dot(rotated(rotation, a), rotated(rotation, b)), 1e-3 * std::sqrt(dim));
    EXPECT_NEAR(dot(a, a), dot(rotated(rotation, a), rotated(rotation, a)), 1e-3 * std::sqrt(dim));
  }
}

TEST(Rotation, SpreadsASingleComponentOverAll) {
  for (const std::size_t dim : {128, 384, 1536}) {
    const Rotation rotation(dim, 3);
    for (std::size_t at = 0; at < dim; at += 37) {
      std::vector<float> unit(dim, 0.0f);
      unit[at] = 1;
      float largest = 0;
      for (const float v : rotated(rotation, unit)) largest = std::max(largest, std::fabs(v));
      // Evenly spread would be 1 / sqrt(dim); a Gaussian's largest of so many is about 4 of those.
      EXPECT_LT(largest, 6 / std::sqrt(static_cast<float>(dim))) << "dim " << dim << " at " << at;
    }
  }
}

TEST(Rotation, IsAFunctionOfItsSeed) {
  const std::vector<float> in(100, 1.0f);
  EXPECT_EQ(rotated(Rotation(100, 5), in), rotated(Rotation(100, 5), in));
  EXPECT_NE(rotated(Rotation(100, 5), in), rotated(Rotation(100, 6), in));
}

}  // namespace
}  // namespace simile::quantization
