#include "blas.h"

#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>

namespace simile::bench {
namespace {

enum : int { kRowMajor = 101, kNotTransposed = 111, kTransposed = 112 };

template <class Int>
using Sgemm = void (*)(int order, int transpose_a, int transpose_b, Int m, Int n, Int k,
                       float alpha, const float* a, Int a_stride, const float* b, Int b_stride,
                       float beta, float* c, Int c_stride);

template <class Int>
void call(void* function, const float* a, std::size_t m, const float* b, std::size_t n,
          std::size_t k, float* out) {
  const auto depth = static_cast<Int>(k);
  reinterpret_cast<Sgemm<Int>>(function)(kRowMajor, kNotTransposed, kTransposed,
                                         static_cast<Int>(m), static_cast<Int>(n), depth, 1.0f, a,
                                         depth, b, depth, 0.0f, out, static_cast<Int>(n));
}

}  // namespace

Blas::Blas(const std::string& path) {
  setenv("OPENBLAS_NUM_THREADS", "1", 1);  // read when the library is loaded
  void* library = path.empty() ? nullptr : dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return;
  for (const char* name : {"scipy_cblas_sgemm64_", "cblas_sgemm64_"}) {
    if (function_ == nullptr) function_ = dlsym(library, name);
  }
  long_integers_ = function_ != nullptr;
  for (const char* name : {"scipy_cblas_sgemm", "cblas_sgemm"}) {
    if (function_ == nullptr) function_ = dlsym(library, name);
  }
}

void Blas::product(const float* a, std::size_t m, const float* b, std::size_t n, std::size_t k,
                   float* out) const {
  if (long_integers_) {
    call<std::int64_t>(function_, a, m, b, n, k, out);
  } else {
    call<std::int32_t>(function_, a, m, b, n, k, out);
  }
}

}  // namespace simile::bench
