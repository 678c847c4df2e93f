#pragma once
/// Lanes on AVX2, FMA and F16C. Tails of float32 have masked loads; those of smaller elements are
/// copied to the stack first.

#include <immintrin.h>

#include "simile/kernels/simd/elements.h"

namespace simile::kernels {
namespace {

struct Lanes {
  static constexpr std::size_t kFloats = 8;
  static constexpr std::size_t kBits = 32;
  // Two rows x 4 sums: half of the 16 registers.
  static constexpr std::size_t kRowsAtOnce = 2;
  // 6 x 2 sums, 2 vectors of rows and a query value: 15 of the 16 registers.
  static constexpr std::size_t kTileQueries = 6;
  static constexpr std::size_t kTileVectors = 2;
  static constexpr std::size_t kBytesPerUnit = 2;  // as int16
  static constexpr std::size_t kByteOffset = 0;

  using Floats = __m256;
  struct Shorts {
    __m256i v;
  };
  // Of its own type: as __m256i, which is 64-bit integers to gcc 12, each sum took two registers.
  using Ints [[gnu::vector_size(32)]] = std::uint32_t;
  using Bits = __m256i;
  struct Counts {
    __m256i v;
  };

  static Floats zero() { return _mm256_setzero_ps(); }
  static Floats load(const float* from) { return _mm256_loadu_ps(from); }
  static Floats load_first(const float* from, std::size_t n) {
    return _mm256_maskload_ps(from, mask8(n));
  }
  static Floats load(const Float16* from) { return widen(eight_halves(from), Float16{}); }
  static Floats load_first(const Float16* from, std::size_t n) {
    return widen(first_bytes(from, n * 2), Float16{});
  }
  static Floats load(const BFloat16* from) { return widen(eight_halves(from), BFloat16{}); }
  static Floats load_first(const BFloat16* from, std::size_t n) {
    return widen(first_bytes(from, n * 2), BFloat16{});
  }
  static Floats load(const std::int8_t* from) {
    return widen(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)), std::int8_t{});
  }
  static Floats load_first(const std::int8_t* from, std::size_t n) {
    return widen(first_bytes(from, n), std::int8_t{});
  }
  static Floats load(const std::uint8_t* from) {
    return widen(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)), std::uint8_t{});
  }
  static Floats load_first(const std::uint8_t* from, std::size_t n) {
    return widen(first_bytes(from, n), std::uint8_t{});
  }
  static Floats load(const std::int16_t* from) {
    return widen(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)), std::int16_t{});
  }
  static Floats load_first(const std::int16_t* from, std::size_t n) {
    return widen(first_bytes(from, n * 2), std::int16_t{});
  }
  static Floats broadcast(const float* from) { return _mm256_broadcast_ss(from); }

  static void store(float* to, Floats x) { _mm256_storeu_ps(to, x); }
  static void store_first(float* to, Floats x, std::size_t n) {
    _mm256_maskstore_ps(to, mask8(n), x);
  }
  static void store(Float16* to, Floats x) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                     _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  static void store(BFloat16* to, Floats x) {
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded =
        _mm256_add_epi32(_mm256_add_epi32(bits, odd), _mm256_set1_epi32(0x7FFF));
    // NaN stays NaN: rounding could carry it to infinity.
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x40'0000));
    const __m256i chosen = _mm256_castps_si256(_mm256_blendv_ps(_mm256_castsi256_ps(rounded),
                                                                _mm256_castsi256_ps(quiet),
                                                                _mm256_cmp_ps(x, x, _CMP_UNORD_Q)));
    const __m256i shifted = _mm256_srli_epi32(chosen, 16);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                     _mm_packus_epi32(low_half(shifted), high_half(shifted)));
  }

  static Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
  static Floats sub(Floats a, Floats b) { return _mm256_sub_ps(a, b); }
  static Floats mul(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  static Floats fma(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
  static Floats max(Floats a, Floats b) { return _mm256_max_ps(a, b); }
  static std::uint32_t below(Floats a, Floats b) {
    return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_LT_OQ)));
  }
  static float sum(Floats x) {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }

  static void transpose(Floats (&rows)[kFloats]) {
    Floats by2[kFloats];
    for (std::size_t i = 0; i < kFloats; i += 4) {
      const Floats low01 = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
      const Floats high01 = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
      const Floats low23 = _mm256_unpacklo_ps(rows[i + 2], rows[i + 3]);
      const Floats high23 = _mm256_unpackhi_ps(rows[i + 2], rows[i + 3]);
      by2[i] = _mm256_shuffle_ps(low01, low23, 0x44);
      by2[i + 1] = _mm256_shuffle_ps(low01, low23, 0xEE);
      by2[i + 2] = _mm256_shuffle_ps(high01, high23, 0x44);
      by2[i + 3] = _mm256_shuffle_ps(high01, high23, 0xEE);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      rows[i] = _mm256_permute2f128_ps(by2[i], by2[i + 4], 0x20);
      rows[i + 4] = _mm256_permute2f128_ps(by2[i], by2[i + 4], 0x31);
    }
  }

  static Shorts load_shorts(const std::int8_t* from) {
    return {_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)))};
  }
  static Shorts load_shorts_first(const std::int8_t* from, std::size_t n) {
    return {_mm256_cvtepi8_epi16(first_bytes(from, n))};
  }
  static Shorts sub(Shorts a, Shorts b) { return {_mm256_sub_epi16(a.v, b.v)}; }
  static Ints zero_ints() { return Ints{}; }
  static Ints add(Ints a, Ints b) { return a + b; }
  static Ints dot_add(Ints sum, Shorts a, Shorts b) { return dot_pairs_add(sum, a, b); }
  static Ints dot_pairs_add(Ints sum, Shorts a, Shorts b) {
    return sum + reinterpret_cast<Ints>(_mm256_madd_epi16(a.v, b.v));
  }
  static std::uint32_t sum(Ints x) {
    const __m128i four = _mm_add_epi32(low_half(reinterpret_cast<__m256i>(x)),
                                       high_half(reinterpret_cast<__m256i>(x)));
    const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
    const __m128i one = _mm_add_epi32(two, _mm_shuffle_epi32(two, 0xB1));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(one));
  }
  static Floats load_row_units(const std::int8_t* from, std::size_t n) {
    return as_floats(n == 2 * kFloats ? load_shorts(from) : load_shorts_first(from, n));
  }
  static Floats load_query_units(const std::int8_t* from, std::size_t n) {
    return load_row_units(from, n);
  }
  static Ints dot_units_add(Ints sum, Floats row, Floats query) {
    return dot_pairs_add(sum, as_shorts(row), as_shorts(query));
  }
  static Ints broadcast_int(std::int32_t x) { return reinterpret_cast<Ints>(_mm256_set1_epi32(x)); }
  static std::uint32_t not_above(Floats x, const float* bound) {
    const Floats passed = _mm256_cmp_ps(x, broadcast(bound), _CMP_NGT_UQ);
    return static_cast<std::uint32_t>(_mm256_movemask_ps(passed));
  }
  static Floats from_signed(Ints x) { return _mm256_cvtepi32_ps(reinterpret_cast<__m256i>(x)); }
  static Floats as_floats(Shorts x) { return _mm256_castsi256_ps(x.v); }
  static Shorts as_shorts(Floats x) { return {_mm256_castps_si256(x)}; }

  static Bits load_bits(const unsigned char* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  static Bits load_bits_first(const unsigned char* from, std::size_t n) {
    __m256i bytes = _mm256_setzero_si256();
    copy_first<sizeof bytes>(&bytes, from, n);
    return bytes;
  }
  static Bits bit_and(Bits a, Bits b) { return _mm256_and_si256(a, b); }
  static Bits bit_or(Bits a, Bits b) { return _mm256_or_si256(a, b); }
  static Bits bit_xor(Bits a, Bits b) { return _mm256_xor_si256(a, b); }
  static Counts zero_counts() { return {_mm256_setzero_si256()}; }
  /// Counts of the two halves of each byte from a table in a register (Mula 2008).
  static Counts count_add(Counts sum, Bits x) {
    const __m256i table =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m256i nibble = _mm256_set1_epi8(0x0F);
    const __m256i low = _mm256_shuffle_epi8(table, _mm256_and_si256(x, nibble));
    const __m256i high =
        _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(x, 4), nibble));
    const __m256i bytes = _mm256_add_epi8(low, high);
    return {_mm256_add_epi64(sum.v, _mm256_sad_epu8(bytes, _mm256_setzero_si256()))};
  }
  static Counts add(Counts a, Counts b) { return {_mm256_add_epi64(a.v, b.v)}; }
  static std::uint64_t sum(Counts x) {
    const __m128i two = _mm_add_epi64(low_half(x.v), high_half(x.v));
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(two)) +
           static_cast<std::uint64_t>(_mm_extract_epi64(two, 1));
  }

 private:
  static __m256i mask8(std::size_t n) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lane);
  }
  static __m128i low_half(__m256i x) { return _mm256_castsi256_si128(x); }
  static __m128i high_half(__m256i x) { return _mm256_extracti128_si256(x, 1); }
  static __m128i eight_halves(const void* from) {
    return _mm_loadu_si128(static_cast<const __m128i*>(from));
  }
  static __m128i first_bytes(const void* from, std::size_t bytes) {
    __m128i result = _mm_setzero_si128();
    copy_first<sizeof result>(&result, from, bytes);
    return result;
  }
  static Floats widen(__m128i bits, Float16) { return _mm256_cvtph_ps(bits); }
  static Floats widen(__m128i bits, BFloat16) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
  static Floats widen(__m128i bytes, std::uint8_t) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
  }
  static Floats widen(__m128i shorts, std::int16_t) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(shorts));
  }
  static Floats widen(__m128i bytes, std::int8_t) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
  }
};

}  // namespace
}  // namespace simile::kernels
