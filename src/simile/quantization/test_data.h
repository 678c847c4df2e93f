#pragma once
/// Rows of which no component but the first has a mean, for tests of spaces.

#include <cstdint>
#include <numeric>
#include <vector>

#include "simile/base/random.h"
#include "simile/quantization/exact_scorer.h"

namespace simile::quantization {

template <std::uint32_t kDim>
struct TestData {
  TestData(std::size_t rows, Metric metric, std::uint64_t seed) : floats(rows * kDim) {
    Random random(seed);
    for (std::size_t i = 0; i < rows; ++i) {
      const double length = 0.5 + random.uniform();
      for (std::size_t d = 0; d < kDim; ++d) {
        floats[i * kDim + d] = static_cast<float>(length * (random.normal() + (d == 0 ? 3 : 0)));
      }
    }
    view = MatrixView(floats.data(), rows, {ElementType::kFloat32, kDim});
    if (metric == Metric::kCosine) {
      for (std::size_t i = 0; i < rows; ++i) {
        inverse.push_back(inverse_length(view.row(i), view.type));
      }
    }
    nodes.resize(rows);
    std::iota(nodes.begin(), nodes.end(), 0u);
  }
  std::vector<float> floats;
  MatrixView view;
  std::vector<float> inverse;
  std::vector<std::uint32_t> nodes;
};

}  // namespace simile::quantization
