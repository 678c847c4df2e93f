#include "simile/kernels/transform.h"

#include <gtest/gtest.h>

#include <cmath>

#include "simile/base/random.h"

namespace simile::kernels {
namespace {

std::vector<float> random_floats(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> v(count);
  for (float& x : v) x = static_cast<float>(random.normal() * 40);
  return v;
}

TEST(Transform, HadamardIsTheMatrixOfItsDefinition) {
  for (const Target target : supported_targets()) {
    for (std::size_t dim = 1; dim <= 256; dim *= 2) {
      const std::vector<float> in = random_floats(dim, dim);
      std::vector<float> out = in;
      transform_functions(target).hadamard(out.data(), dim);
      for (std::size_t k = 0; k < dim; ++k) {
        double sum = 0;
        for (std::size_t n = 0; n < dim; ++n) {
          sum += (std::popcount(k & n) % 2 != 0 ? -1.0 : 1.0) * static_cast<double>(in[n]);
        }
        EXPECT_NEAR(out[k], sum, 0.01) << name_of(target) << " " << dim;
      }
    }
  }
}

TEST(Transform, RowsAreMixedAsByAMatrixProduct) {
  for (const Target target : supported_targets()) {
    for (const std::size_t count : {1, 3, 15}) {
      for (const std::size_t dim : {16, 32, 64, 192}) {
        const std::vector<float> in = random_floats(count * dim, 1);
        const std::vector<float> matrix = random_floats(count * count, 2);
        std::vector<float> out(count * dim);
        transform_functions(target).mix_rows(in.data(), matrix.data(), count, dim, out.data());
        for (std::size_t i = 0; i < out.size(); ++i) {
          double sum = 0;
          for (std::size_t n = 0; n < count; ++n) {
            sum += static_cast<double>(matrix[i / dim * count + n]) * in[n * dim + i % dim];
          }
          EXPECT_NEAR(out[i], sum, 0.05) << name_of(target);
        }
      }
    }
  }
}

TEST(Transform, QuantizesToTheNearestAndCuts) {
  const std::vector<float> in = {0,     0.4f,   0.5f, 1.5f, 2.5f,   -0.5f,
                                 -1.5f, 126.6f, 400,  -400, -127.4f};
  const std::vector<int> expected = {0, 0, 0, 2, 2, 0, -2, 127, 127, -127, -127};
  for (const Target target : supported_targets()) {
    for (std::size_t repeat = 1; repeat < 20; ++repeat) {
      std::vector<float> many;
      for (std::size_t i = 0; i < repeat; ++i) many.insert(many.end(), in.begin(), in.end());
      std::vector<std::int8_t> code(many.size());
      transform_functions(target).quantize(many.data(), 1, many.size(), code.data());
      for (std::size_t i = 0; i < code.size(); ++i) {
        EXPECT_EQ(code[i], expected[i % expected.size()]) << name_of(target);
      }
    }
  }
}

TEST(Transform, EveryTargetGivesTheSameBits) {
  const TransformFunctions& scalar = transform_functions(Target::kScalar);
  for (const Target target : supported_targets()) {
    const TransformFunctions& functions = transform_functions(target);
    std::vector<float> a = random_floats(448, 7);
    std::vector<float> b = a;
    const std::vector<float> factors = random_floats(448, 8);
    const std::vector<float> matrix = random_floats(49, 9);
    std::vector<float> mixed_a(448);
    std::vector<float> mixed_b(448);
    for (const auto& [f, v, mixed] :
         {std::tuple(&scalar, &a, &mixed_a), {&functions, &b, &mixed_b}}) {
      f->scale_each(v->data(), factors.data(), 448);
      for (std::size_t block = 0; block < 448; block += 64) f->hadamard(v->data() + block, 64);
      f->mix_rows(v->data(), matrix.data(), 7, 64, mixed->data());
    }
    scalar.centre(mixed_a.data(), 1.25f, factors.data(), 448);
    functions.centre(mixed_b.data(), 1.25f, factors.data(), 448);
    EXPECT_EQ(mixed_a, mixed_b) << name_of(target);
    const float largest = scalar.scale_all(mixed_a.data(), 0.37f, 448);
    EXPECT_EQ(functions.scale_all(mixed_b.data(), 0.37f, 448), largest);
    EXPECT_EQ(mixed_a, mixed_b);
    float naive = 0;
    for (const float x : mixed_a) naive = std::max(naive, std::abs(x));
    EXPECT_EQ(largest, naive);
  }
}

}  // namespace
}  // namespace simile::kernels
