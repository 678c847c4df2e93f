#pragma once
/// Vectors of any float or int8 type and metric as int8 codes whose squared Euclidean distances
/// order them as the metric does. Graphs are built and walked on these codes: their distances are
/// integer sums, hence the same on every machine.
///
/// encode:  1. to float32; cosine: times the inverse length
///          2. inner product: one more component sqrt(M^2 - |x|^2), M the longest length, which
///          turns
///             the largest product into the smallest distance (Bachrach et al., RecSys 2014)
///          3. minus the mean of the training rows; rotate (rotation.h)
///          4. times `scale`, to the nearest integer, clamped to [-127, 127]
/// A query under inner product has 0 as its extra component and is scaled to the mean length, which
/// does not change its order of rows.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "simile/base/bytes.h"
#include "simile/error.h"
#include "simile/quantization/rotation.h"
#include "simile/types.h"

namespace simile::quantization {

class Int8Codec {
 public:
  /// Learns mean, lengths and scale from at most 65,536 of the rows, evenly spaced.
  /// `inverse_lengths` as in index::Rows. Needs at least one row.
  static Int8Codec train(const MatrixView& rows, std::span<const float> inverse_lengths,
                         Metric metric, std::uint64_t seed);
  /// Reads what write() wrote for the same type and metric; kDataLoss otherwise.
  static Result<Int8Codec> read(ByteReader& reader, VectorType type, Metric metric);
  void write(ByteWriter& writer) const;

  /// Components of the codes of any codec for this type and metric; a multiple of 16.
  static std::size_t code_dim_of(VectorType type, Metric metric);
  std::size_t code_dim() const { return rotation_.padded_dim(); }

  /// Rotated, centred floats of a row, code_dim() of them: step 4 is left out. `element` is its
  /// type as it is kept, which may be smaller than the type of the vectors.
  void project_row(const void* row, ElementType element, float inverse_length, float* out) const;
  /// The same of a query, of query_type(type).
  void project_query(const void* query, float* out) const;
  /// Step 4.
  void quantize(const float* projected, std::int8_t* code) const {
    quantize(projected, scale_, code);
  }
  void quantize(const float* projected, float scale, std::int8_t* code) const;

  /// Code units per unit of the projected space.
  float scale() const { return scale_; }
  /// Floats that project_row and project_query need room for.
  std::size_t projected_floats() const { return rotation_.padded_dim(); }

 private:
  Int8Codec(VectorType type, Metric metric, std::uint64_t seed);
  void prepare(const void* vector, ElementType element, float* out) const;
  // Steps 3 and 1's factor.
  void centre(float* vector, float factor) const;

  VectorType type_;
  Metric metric_;
  std::uint64_t seed_;
  Rotation rotation_;
  std::vector<float> mean_;    // of step 2's components
  float longest_squared_ = 0;  // M^2, inner product only
  float mean_length_ = 1;      // inner product only
  float scale_ = 1;
};

}  // namespace simile::quantization
