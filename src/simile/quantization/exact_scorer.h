#pragma once
/// Distances of stored rows, computed from the rows themselves.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "simile/kernels/distance.h"
#include "simile/types.h"

namespace simile::quantization {

/// The kernel behind a metric: cosine is the inner product of what is normalised afterwards.
kernels::Op op_of(Metric metric);

/// 1 / Euclidean length of one vector, in double and in order: the same on every machine. 0
/// where the vector is zero, so that its cosine with any other is 0.
float inverse_length(const void* vector, VectorType type);

/// The same of a query, of query_type(), fast: as precise as the kernels.
float query_inverse_length(const void* query, VectorType type);

/// One prepared query against borrowed rows. Cheap to make: nothing is copied or allocated.
/// Distances are those of types.h. Thread rule: const calls from any thread.
class ExactScorer {
 public:
  /// `query` has the rows' type, but float32 where they are float16 or bfloat16.
  /// `inverse_lengths`: of all rows under cosine, else empty.
  ExactScorer(const MatrixView& rows, std::span<const float> inverse_lengths, Metric metric,
              const void* query);

  /// Of `count` rows from `first` on.
  void scan(std::size_t first, std::size_t count, float* out) const {
    kernels_.scan(query_, rows_.row(first), rows_.stride, count, rows_.type.dim, out);
    finish_all(first, count, out);
  }
  void gather(const std::uint32_t* rows, std::size_t count, float* out) const {
    kernels_.gather(query_, rows_.data, rows_.stride, rows, count, rows_.type.dim, out);
    for (std::size_t i = 0; i < count; ++i) out[i] = finish(out[i], rows[i]);
  }
  float distance(std::size_t row) const {
    return finish(kernels_.pair(query_, rows_.row(row), rows_.type.dim), row);
  }
  /// The distance for what the kernel of op_of(metric) gave for `row`.
  float finish(float value, std::size_t row) const {
    switch (metric_) {
      case Metric::kInnerProduct: return -value;
      // Rounding can take the cosine of equal vectors past 1, and a distance is never negative.
      case Metric::kCosine:
        return at_least_zero(1.0f - value * query_inverse_length_ * inverse_lengths_[row]);
      default: return value;
    }
  }
  /// Under cosine, else 1.
  float query_inverse_length() const { return query_inverse_length_; }

 private:
  /// As std::fmax, which the compiler does not vectorise.
  static float at_least_zero(float x) { return x > 0 ? x : 0; }
  /// finish() for what a scan gave.
  void finish_all(std::size_t first, std::size_t count, float* values) const;

  MatrixView rows_;
  std::span<const float> inverse_lengths_;
  Metric metric_;
  const void* query_;
  float query_inverse_length_ = 1;
  const kernels::DistanceFunctions& kernels_;
};

/// The type that queries against rows of `rows` must have.
VectorType query_type(VectorType rows);

}  // namespace simile::quantization
