#pragma once
/// Lanes on AVX-512 F, BW, VL, DQ, VNNI, VPOPCNTDQ. Masked loads read nothing where the mask is
/// off, up to the end of a mapped page.

#include <immintrin.h>

#include "simile/kernels/simd/elements.h"

namespace simile::kernels {
namespace {

struct Lanes {
  static constexpr std::size_t kFloats = 16;
  static constexpr std::size_t kBits = 64;
  // Four rows share each load of the query; 4 rows x 2 sums leave registers for the loads.
  static constexpr std::size_t kRowsAtOnce = 4;
  // 14 x 2 sums, 2 vectors of rows and a query value: 31 of the 32 registers.
  static constexpr std::size_t kTileQueries = 14;
  static constexpr std::size_t kTileVectors = 2;
  // VPDPBUSD multiplies four bytes a lane, unsigned by signed: rows are shifted by 128.
  static constexpr std::size_t kBytesPerUnit = 4;
  static constexpr std::size_t kByteOffset = 128;

  using Floats = __m512;
  struct Shorts {
    __m512i v;
  };
  // Of its own type: as __m512i, which is 64-bit integers to gcc 12, each sum took two registers.
  using Ints [[gnu::vector_size(64)]] = std::uint32_t;
  using Bits = __m512i;
  struct Counts {
    __m512i v;
  };

  static Floats zero() { return _mm512_setzero_ps(); }
  static Floats load(const float* from) { return _mm512_loadu_ps(from); }
  static Floats load_first(const float* from, std::size_t n) {
    return _mm512_maskz_loadu_ps(mask16(n), from);
  }
  static Floats load(const Float16* from) { return widen(half(from), Float16{}); }
  static Floats load_first(const Float16* from, std::size_t n) {
    return widen(half_first(from, n), Float16{});
  }
  static Floats load(const BFloat16* from) { return widen(half(from), BFloat16{}); }
  static Floats load_first(const BFloat16* from, std::size_t n) {
    return widen(half_first(from, n), BFloat16{});
  }
  static Floats load(const std::int8_t* from) {
    return _mm512_cvtepi32_ps(
        _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
  }
  static Floats load_first(const std::int8_t* from, std::size_t n) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(mask16(n), from)));
  }
  static Floats load(const std::uint8_t* from) {
    return _mm512_cvtepi32_ps(
        _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
  }
  static Floats load_first(const std::uint8_t* from, std::size_t n) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask16(n), from)));
  }
  static Floats load(const std::int16_t* from) {
    return _mm512_cvtepi32_ps(
        _mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))));
  }
  static Floats load_first(const std::int16_t* from, std::size_t n) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(mask16(n), from)));
  }
  static Floats broadcast(const float* from) { return _mm512_set1_ps(*from); }

  static void store(float* to, Floats x) { _mm512_storeu_ps(to, x); }
  static void store_first(float* to, Floats x, std::size_t n) {
    _mm512_mask_storeu_ps(to, mask16(n), x);
  }
  static void store(Float16* to, Floats x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                        _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  static void store(BFloat16* to, Floats x) {
    const __m512i bits = _mm512_castps_si512(x);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, odd), _mm512_set1_epi32(0x7FFF));
    // NaN stays NaN: rounding could carry it to infinity.
    rounded = _mm512_mask_or_epi32(rounded, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), bits,
                                   _mm512_set1_epi32(0x40'0000));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                        _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
  }

  static Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
  static Floats sub(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
  static Floats mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static Floats fma(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
  static Floats max(Floats a, Floats b) { return _mm512_max_ps(a, b); }
  static std::uint32_t below(Floats a, Floats b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
  static float sum(Floats x) {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }

  /// Blocks of 1, 2, 4 and 8 lanes change places with their mirror images.
  static void transpose(Floats (&rows)[kFloats]) {
    Floats by2[kFloats];
    for (std::size_t i = 0; i < kFloats; i += 4) {
      const Floats low01 = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
      const Floats high01 = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
      const Floats low23 = _mm512_unpacklo_ps(rows[i + 2], rows[i + 3]);
      const Floats high23 = _mm512_unpackhi_ps(rows[i + 2], rows[i + 3]);
      by2[i] = _mm512_shuffle_ps(low01, low23, 0x44);
      by2[i + 1] = _mm512_shuffle_ps(low01, low23, 0xEE);
      by2[i + 2] = _mm512_shuffle_ps(high01, high23, 0x44);
      by2[i + 3] = _mm512_shuffle_ps(high01, high23, 0xEE);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      const Floats even_low = _mm512_shuffle_f32x4(by2[i], by2[i + 4], 0x88);
      const Floats odd_low = _mm512_shuffle_f32x4(by2[i], by2[i + 4], 0xDD);
      const Floats even_high = _mm512_shuffle_f32x4(by2[i + 8], by2[i + 12], 0x88);
      const Floats odd_high = _mm512_shuffle_f32x4(by2[i + 8], by2[i + 12], 0xDD);
      rows[i] = _mm512_shuffle_f32x4(even_low, even_high, 0x88);
      rows[i + 4] = _mm512_shuffle_f32x4(odd_low, odd_high, 0x88);
      rows[i + 8] = _mm512_shuffle_f32x4(even_low, even_high, 0xDD);
      rows[i + 12] = _mm512_shuffle_f32x4(odd_low, odd_high, 0xDD);
    }
  }

  static Shorts load_shorts(const std::int8_t* from) {
    return {_mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)))};
  }
  static Shorts load_shorts_first(const std::int8_t* from, std::size_t n) {
    const auto mask = static_cast<__mmask32>((std::uint64_t{1} << n) - 1);
    return {_mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, from))};
  }
  static Shorts sub(Shorts a, Shorts b) { return {_mm512_sub_epi16(a.v, b.v)}; }
  static Ints zero_ints() { return Ints{}; }
  static Ints add(Ints a, Ints b) { return a + b; }
  static Ints dot_add(Ints sum, Shorts a, Shorts b) {
    return reinterpret_cast<Ints>(_mm512_dpwssd_epi32(reinterpret_cast<__m512i>(sum), a.v, b.v));
  }
  static std::uint32_t sum(Ints x) {
    return static_cast<std::uint32_t>(_mm512_reduce_add_epi32(reinterpret_cast<__m512i>(x)));
  }
  static Floats load_row_units(const std::int8_t* from, std::size_t n) {
    // Zeros past the end become 128s, which meet zeros of the query.
    return _mm512_castsi512_ps(_mm512_xor_si512(load_bytes(from, n), _mm512_set1_epi8(-128)));
  }
  static Floats load_query_units(const std::int8_t* from, std::size_t n) {
    return _mm512_castsi512_ps(load_bytes(from, n));
  }
  static Ints dot_units_add(Ints sum, Floats row, Floats query) {
    return reinterpret_cast<Ints>(_mm512_dpbusd_epi32(
        reinterpret_cast<__m512i>(sum), _mm512_castps_si512(row), _mm512_castps_si512(query)));
  }
  static Ints broadcast_int(std::int32_t x) { return reinterpret_cast<Ints>(_mm512_set1_epi32(x)); }
  static std::uint32_t not_above(Floats x, const float* bound) {
    return _mm512_cmp_ps_mask(x, _mm512_set1_ps(*bound), _CMP_NGT_UQ);
  }
  static Floats from_signed(Ints x) { return _mm512_cvtepi32_ps(reinterpret_cast<__m512i>(x)); }

  static Bits load_bits(const unsigned char* from) { return _mm512_loadu_si512(from); }
  static Bits load_bits_first(const unsigned char* from, std::size_t n) {
    return _mm512_maskz_loadu_epi8((std::uint64_t{1} << n) - 1, from);
  }
  static Bits bit_and(Bits a, Bits b) { return _mm512_and_si512(a, b); }
  static Bits bit_or(Bits a, Bits b) { return _mm512_or_si512(a, b); }
  static Bits bit_xor(Bits a, Bits b) { return _mm512_xor_si512(a, b); }
  static Counts zero_counts() { return {_mm512_setzero_si512()}; }
  static Counts count_add(Counts sum, Bits x) {
    return {_mm512_add_epi64(sum.v, _mm512_popcnt_epi64(x))};
  }
  static Counts add(Counts a, Counts b) { return {_mm512_add_epi64(a.v, b.v)}; }
  static std::uint64_t sum(Counts x) {
    return static_cast<std::uint64_t>(_mm512_reduce_add_epi64(x.v));
  }

 private:
  static __mmask16 mask16(std::size_t n) {
    return static_cast<__mmask16>((std::uint32_t{1} << n) - 1);
  }
  static __m512i load_bytes(const std::int8_t* from, std::size_t n) {
    return _mm512_maskz_loadu_epi8(n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1, from);
  }
  static __m256i half(const void* from) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(from));
  }
  static __m256i half_first(const void* from, std::size_t n) {
    return _mm256_maskz_loadu_epi16(mask16(n), from);
  }
  static Floats widen(__m256i bits, Float16) { return _mm512_cvtph_ps(bits); }
  static Floats widen(__m256i bits, BFloat16) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
};

}  // namespace
}  // namespace simile::kernels
