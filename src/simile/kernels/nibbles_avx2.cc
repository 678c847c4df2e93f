#include <immintrin.h>

#include "simile/kernels/nibbles_table.h"

namespace simile::kernels {
namespace {

struct Nibbles {
  static constexpr std::size_t kBytes = 32;
  using Bytes = __m256i;
  using Sums = __m256i;

  static Sums zero() { return _mm256_setzero_si256(); }
  static Bytes load(const void* from) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(from));
  }
  static Bytes low(Bytes b) { return _mm256_and_si256(b, _mm256_set1_epi8(15)); }
  static Bytes high(Bytes b) {
    return _mm256_and_si256(_mm256_srli_epi16(b, 4), _mm256_set1_epi8(15));
  }
  static Bytes difference(Bytes a, Bytes b) { return _mm256_abs_epi8(_mm256_sub_epi8(a, b)); }
  static Bytes shifted(Bytes u) { return _mm256_sub_epi8(u, _mm256_set1_epi8(15)); }
  static Sums dot(Sums sum, Bytes u, Bytes s) {
    // Two products of at most 15 * 128 fit 16 bits.
    const __m256i pairs = _mm256_maddubs_epi16(u, s);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  static void total(const Sums (&sums)[4], std::int32_t* out) {
    const __m128i pairs = _mm_hadd_epi32(half(sums[0]), half(sums[1]));
    const __m128i others = _mm_hadd_epi32(half(sums[2]), half(sums[3]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_hadd_epi32(pairs, others));
  }

 private:
  static __m128i half(Sums sum) {
    return _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  }
};

}  // namespace
}  // namespace simile::kernels

#include "simile/kernels/nibbles_kernels.h"

namespace simile::kernels {

constinit const NibbleFunctions avx2::kNibbles = kNibblesOfTarget;

}  // namespace simile::kernels
