#pragma once
/// Vectors for the tests of indexes, and the naive search they are compared with.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "simile/base/half.h"
#include "simile/base/random.h"
#include "simile/index/index.h"
#include "simile/quantization/exact_scorer.h"

namespace simile::index {

/// Owned rows of any type, filled from clusters, since uniform noise has no neighbours to speak of.
class TestVectors {
 public:
  TestVectors(std::size_t rows, VectorType type, std::uint64_t seed)
      : type_(type), rows_(rows), bytes_(rows * type.bytes()) {
    Random random(seed);
    constexpr std::size_t kClusters = 16;
    std::vector<double> centres(kClusters * type.dim);
    Random shared(99);  // queries and rows of other seeds come from the same clusters
    for (double& c : centres) c = shared.normal() * 2;
    for (std::size_t i = 0; i < rows; ++i) {
      const double* centre = centres.data() + random.below(kClusters) * type.dim;
      for (std::size_t d = 0; d < type.dim; ++d) put(i, d, centre[d] + random.normal());
    }
  }

  MatrixView view() const { return {bytes_.data(), rows_, type_}; }
  std::byte* row(std::size_t i) { return bytes_.data() + i * type_.bytes(); }
  /// The row as it must be given as a query: float32 for the 16-bit types.
  std::vector<float> as_floats(std::size_t i) const {
    std::vector<float> out(type_.dim);
    for (std::size_t d = 0; d < type_.dim; ++d) out[d] = static_cast<float>(get(i, d));
    return out;
  }
  double get(std::size_t i, std::size_t d) const {
    const std::byte* row = bytes_.data() + i * type_.bytes();
    const auto half = [&] {
      std::uint16_t bits;
      std::memcpy(&bits, row + d * 2, 2);
      return bits;
    };
    switch (type_.element) {
      case ElementType::kFloat32: {
        float value;
        std::memcpy(&value, row + d * 4, 4);
        return value;
      }
      case ElementType::kFloat16: return float16_to_float(half());
      case ElementType::kBFloat16: return bfloat16_to_float(half());
      case ElementType::kInt8: return static_cast<double>(static_cast<std::int8_t>(row[d]));
      case ElementType::kBit: return std::to_integer<int>(row[d / 8] >> (d % 8)) & 1;
      default: break;
    }
    return 0;
  }

 private:
  void put(std::size_t i, std::size_t d, double value) {
    std::byte* row = bytes_.data() + i * type_.bytes();
    const auto as_float = static_cast<float>(value);
    const auto put_half = [&](std::uint16_t bits) { std::memcpy(row + d * 2, &bits, 2); };
    switch (type_.element) {
      case ElementType::kFloat32: std::memcpy(row + d * 4, &as_float, 4); break;
      case ElementType::kFloat16: put_half(float_to_float16(as_float)); break;
      case ElementType::kBFloat16: put_half(float_to_bfloat16(as_float)); break;
      case ElementType::kInt8:
        row[d] = static_cast<std::byte>(static_cast<int>(std::clamp(value * 12, -128.0, 127.0)));
        break;
      case ElementType::kBit:
        if (value > 0) row[d / 8] |= std::byte{1} << (d % 8);
        break;
      default: break;
    }
  }

  VectorType type_;
  std::size_t rows_;
  std::vector<std::byte> bytes_;
};

inline double naive_distance(const TestVectors& a, std::size_t i, const TestVectors& b,
                             std::size_t j, Metric metric) {
  double square = 0, dot = 0, aa = 0, bb = 0, both = 0, either = 0;
  for (std::size_t d = 0; d < a.view().type.dim; ++d) {
    const double x = a.get(i, d);
    const double y = b.get(j, d);
    square += (x - y) * (x - y);
    dot += x * y;
    aa += x * x;
    bb += y * y;
    both += x != 0 && y != 0;
    either += x != 0 || y != 0;
  }
  switch (metric) {
    case Metric::kL2:
    case Metric::kHamming: return square;
    case Metric::kInnerProduct: return -dot;
    case Metric::kCosine: return 1 - dot / std::sqrt(aa * bb);
    case Metric::kBm25:
    case Metric::kJaccard: return either == 0 ? 0 : 1 - both / either;
  }
  return 0;
}

/// The k smallest distances among the rows that `allowed` holds (null: all).
inline std::vector<double> naive_nearest(const TestVectors& rows, const TestVectors& queries,
                                         std::size_t q, Metric metric, std::size_t k,
                                         const Bitmap* allowed = nullptr) {
  std::vector<double> distances;
  for (std::size_t i = 0; i < rows.view().rows; ++i) {
    if (allowed == nullptr || allowed->test(i)) {
      distances.push_back(naive_distance(queries, q, rows, i, metric));
    }
  }
  std::ranges::sort(distances);
  distances.resize(std::min(distances.size(), k));
  return distances;
}

/// Rows with their inverse lengths where the metric needs them.
struct TestRows {
  TestRows(const TestVectors& vectors, Metric metric) {
    rows.vectors = vectors.view();
    if (metric != Metric::kCosine) return;
    lengths.resize(vectors.view().rows);
    inverse_lengths(vectors.view(), lengths);
    rows.inverse_lengths = lengths;
  }
  std::vector<float> lengths;
  Rows rows;
};

/// Queries of the type that search() takes.
struct TestQueries {
  explicit TestQueries(const TestVectors& vectors) {
    const VectorType type = quantization::query_type(vectors.view().type);
    if (type == vectors.view().type) {
      view = vectors.view();
      return;
    }
    for (std::size_t i = 0; i < vectors.view().rows; ++i) {
      const std::vector<float> row = vectors.as_floats(i);
      floats.insert(floats.end(), row.begin(), row.end());
    }
    view = MatrixView(floats.data(), vectors.view().rows, type);
  }
  std::vector<float> floats;
  MatrixView view;
};

struct MetricCase {
  ElementType element;
  Metric metric;
};

inline std::vector<MetricCase> all_metric_cases() {
  std::vector<MetricCase> cases;
  for (const ElementType element :
       {ElementType::kFloat32, ElementType::kFloat16, ElementType::kBFloat16, ElementType::kInt8}) {
    for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine}) {
      cases.push_back({element, metric});
    }
  }
  cases.push_back({ElementType::kBit, Metric::kHamming});
  cases.push_back({ElementType::kBit, Metric::kJaccard});
  return cases;
}

}  // namespace simile::index
