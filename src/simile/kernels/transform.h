#pragma once
/// What a vector goes through before it is compared: rotation, and quantization to int8. The
/// arithmetic is that of its definition, value by value, so the results are the same on every
/// target.

#include <cstddef>
#include <cstdint>

#include "simile/kernels/target.h"

namespace simile::kernels {

/// Components come in multiples of this many.
inline constexpr std::size_t kTransformUnit = 16;

struct TransformFunctions {
  /// v[i] *= factors[i].
  void (*scale_each)(float* v, const float* factors, std::size_t dim);
  /// Walsh-Hadamard transform without scaling, in place; `dim` is a power of two.
  void (*hadamard)(float* v, std::size_t dim);
  /// out = matrix (count x count) times the `count` rows of `in`, `dim` floats each: row k of out
  /// is the sum over n, ascending, of matrix[k * count + n] times row n.
  void (*mix_rows)(const float* in, const float* matrix, std::size_t count, std::size_t dim,
                   float* out);
  /// v[i] = v[i] * factor - mean[i].
  void (*centre)(float* v, float factor, const float* mean, std::size_t dim);
  /// v *= scale; returns the largest size of a component.
  float (*scale_all)(float* v, float scale, std::size_t dim);
  /// To the nearest integer of v * scale, ties to even, cut to [-127, 127].
  void (*quantize)(const float* v, float scale, std::size_t dim, std::int8_t* code);
};

const TransformFunctions& transform_functions(Target target = active_target());

}  // namespace simile::kernels
