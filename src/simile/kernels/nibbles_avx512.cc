#include <immintrin.h>

#include "simile/kernels/nibbles_table.h"

namespace simile::kernels {
namespace {

struct Nibbles {
  static constexpr std::size_t kBytes = 64;
  using Bytes = __m512i;
  // Of its own type: as __m512i, which is 64-bit integers to gcc 12, each sum took two registers.
  using Sums [[gnu::vector_size(64)]] = std::uint32_t;

  static Sums zero() { return Sums{}; }
  static Bytes load(const void* from) { return _mm512_loadu_si512(from); }
  static Bytes load_half(const void* from) {
    return _mm512_zextsi256_si512(_mm256_loadu_si256(static_cast<const __m256i*>(from)));
  }
  static Bytes low(Bytes b) { return _mm512_and_si512(b, _mm512_set1_epi8(15)); }
  static Bytes high(Bytes b) {
    return _mm512_and_si512(_mm512_srli_epi16(b, 4), _mm512_set1_epi8(15));
  }
  static Bytes difference(Bytes a, Bytes b) { return _mm512_abs_epi8(_mm512_sub_epi8(a, b)); }
  static Bytes shifted(Bytes u) { return _mm512_sub_epi8(u, _mm512_set1_epi8(15)); }
  static Sums dot(Sums sum, Bytes u, Bytes s) {
    return reinterpret_cast<Sums>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), u, s));
  }
  static void total(const Sums (&sums)[4], std::int32_t* out) {
    const __m128i pairs = _mm_hadd_epi32(quarter(sums[0]), quarter(sums[1]));
    const __m128i others = _mm_hadd_epi32(quarter(sums[2]), quarter(sums[3]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_hadd_epi32(pairs, others));
  }

 private:
  static __m128i quarter(Sums sum) {
    const auto all = reinterpret_cast<__m512i>(sum);
    const __m256i half =
        _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  }
};

}  // namespace
}  // namespace simile::kernels

#include "simile/kernels/nibbles_kernels.h"

namespace simile::kernels {

constinit const NibbleFunctions avx512::kNibbles = kNibblesOfTarget;

}  // namespace simile::kernels
