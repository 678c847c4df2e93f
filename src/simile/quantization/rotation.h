#pragma once
/// A random orthogonal map in about d log d steps, which spreads the energy of any vector evenly
/// over its components, so that one scale fits them all.
///
/// 1. Pad with zeros to `padded_dim`, a multiple of 16 that is m blocks of 2^p with m odd and
/// <= 15.
/// 2. Two rounds: flip signs at random; Walsh-Hadamard transform, scaled to length 1, of each
/// block;
///    discrete cosine transform (orthonormal, of size m) across the blocks.
/// After one round a single component has become about 1 / sqrt(padded_dim) everywhere; the second
/// does the same to vectors that the first happened to concentrate. Every float operation is done
/// in one fixed order without contraction, so the result is the same on every machine.
///
/// Source: Ailon and Chazelle, "The fast Johnson-Lindenstrauss transform" (2009).

#include <cstddef>
#include <cstdint>
#include <vector>

#include "simile/kernels/transform.h"

namespace simile::quantization {

class Rotation {
 public:
  Rotation(std::size_t dim, std::uint64_t seed);

  static std::size_t padded_dim_of(std::size_t dim);

  std::size_t dim() const { return dim_; }
  std::size_t padded_dim() const { return padded_; }

  /// In place: `vector` has padded_dim() floats, of which the first dim() are the input.
  void apply(float* vector) const;

 private:
  static constexpr std::size_t kRounds = 2;

  std::size_t dim_;
  std::size_t padded_;
  std::size_t block_;           // 2^p
  std::size_t blocks_;          // m
  std::vector<float> signs_;    // kRounds x padded_, each plus or minus 1 / sqrt(block_)
  std::vector<float> cosines_;  // m x m
  const kernels::TransformFunctions* kernel_ = &kernels::transform_functions();
};

}  // namespace simile::quantization
