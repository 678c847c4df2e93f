// clang-format off: the lanes come first, since the kernels are written over them.
#include "simile/kernels/simd/avx512.h"
// clang-format on
#include "simile/kernels/neighbor_codes_table.h"

namespace simile::kernels {
namespace {

/// Sums of bytes as 16-bit numbers: `all` adds byte pairs as they lie, `odd` the upper bytes alone,
/// so that all - 256 * odd, modulo 2^16, is the sum of the lower ones.
struct ByteSums {
  __m512i all = _mm512_setzero_si512();
  __m512i odd = _mm512_setzero_si512();

  void add(__m512i bytes) {
    all = _mm512_add_epi16(all, bytes);
    odd = _mm512_add_epi16(odd, _mm512_srli_epi16(bytes, 8));
  }
  /// Adds the four quarters, which are of different groups, and puts 16 sums in order.
  void store(std::uint16_t* sums) const {
    const __m128i low = quarters(_mm512_sub_epi16(all, _mm512_slli_epi16(odd, 8)));
    const __m128i high = quarters(odd);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(sums), _mm_unpacklo_epi16(low, high));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + 8), _mm_unpackhi_epi16(low, high));
  }
  static __m128i quarters(__m512i x) {
    const __m256i half =
        _mm256_add_epi16(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
    return _mm_add_epi16(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  }
};

void sum_nibbles(const std::uint8_t* codes, const std::uint8_t* tables, std::size_t groups,
                 LinesAhead& ahead, std::uint16_t* sums) {
  const __m512i nibble = _mm512_set1_epi8(15);
  ByteSums first;
  ByteSums second;
  // The entries of the low nibbles, and of the high ones.
  const auto low = [&](std::size_t at) {
    return _mm512_shuffle_epi8(_mm512_loadu_si512(tables + at),
                               _mm512_and_si512(_mm512_loadu_si512(codes + at), nibble));
  };
  const auto high = [&](std::size_t at) {
    const __m512i code = _mm512_srli_epi16(_mm512_loadu_si512(codes + at), 4);
    return _mm512_shuffle_epi8(_mm512_loadu_si512(tables + at), _mm512_and_si512(code, nibble));
  };
  constexpr std::size_t kBytes = sizeof(__m512i);
  const std::size_t bytes = groups * kGroupBytes;
  std::size_t at = 0;
  for (; at + 2 * kBytes <= bytes; at += 2 * kBytes) {
    ask_for_line(ahead);
    first.add(_mm512_add_epi8(low(at), low(at + kBytes)));
    second.add(_mm512_add_epi8(high(at), high(at + kBytes)));
  }
  if (at < bytes) {
    first.add(low(at));
    second.add(high(at));
  }
  first.store(sums);
  second.store(sums + 16);
}

void fill_group(const float* q, float inverse_step, std::uint8_t* table) {
  const __m128 all = _mm_loadu_ps(q);
  const __m128 below = _mm_min_ps(all, _mm_setzero_ps());
  const __m128 pairs = _mm_add_ps(below, _mm_movehdup_ps(below));
  const __m128 lowest = _mm_add_ss(pairs, _mm_movehl_ps(pairs, pairs));
  const __m512 low = _mm512_add_ps(_mm512_maskz_broadcastss_ps(0xAAAA, _mm_load_ss(q)),
                                   _mm512_maskz_broadcastss_ps(0xCCCC, _mm_load_ss(q + 1)));
  const __m512 high = _mm512_add_ps(_mm512_maskz_broadcastss_ps(0xF0F0, _mm_load_ss(q + 2)),
                                    _mm512_maskz_broadcastss_ps(0xFF00, _mm_load_ss(q + 3)));
  const __m512 sum = _mm512_sub_ps(_mm512_add_ps(low, high), _mm512_broadcastss_ps(lowest));
  const __m512 scaled =
      _mm512_add_ps(_mm512_mul_ps(sum, _mm512_set1_ps(inverse_step)), _mm512_set1_ps(0.5f));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(table),
                   _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(scaled)));
}

}  // namespace
}  // namespace simile::kernels

#include "simile/kernels/neighbor_codes_kernels.h"

namespace simile::kernels {

constinit const NeighborCodeFunctions avx512::kNeighborCodes = kNeighborCodesOfTarget;

}  // namespace simile::kernels
