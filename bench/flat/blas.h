#pragma once
/// A matrix product from a BLAS library that is found at run time: the yardstick of batches.

#include <cstddef>
#include <string>

namespace simile::bench {

class Blas {
 public:
  /// `path` of a shared library with cblas_sgemm, under that name or one of SciPy's and NumPy's.
  /// Where there is none, available() is false.
  explicit Blas(const std::string& path);

  bool available() const { return function_ != nullptr; }
  /// out (m x n) = a (m x k) times b (n x k) transposed, all row by row, on one thread.
  void product(const float* a, std::size_t m, const float* b, std::size_t n, std::size_t k,
               float* out) const;

 private:
  void* function_ = nullptr;
  bool long_integers_ = false;
};

}  // namespace simile::bench
