// clang-format off: the lanes come first, since the kernels are written over them.
#include "simile/kernels/simd/avx2.h"
// clang-format on
#include "simile/kernels/neighbor_codes_table.h"

namespace simile::kernels {
namespace {

/// Sums of bytes as 16-bit numbers: `all` adds byte pairs as they lie, `odd` the upper bytes alone,
/// so that all - 256 * odd, modulo 2^16, is the sum of the lower ones.
struct ByteSums {
  __m256i all = _mm256_setzero_si256();
  __m256i odd = _mm256_setzero_si256();

  void add(__m256i bytes) {
    all = _mm256_add_epi16(all, bytes);
    odd = _mm256_add_epi16(odd, _mm256_srli_epi16(bytes, 8));
  }
  /// Adds the two halves, which are of different groups, and puts 16 sums in order.
  void store(std::uint16_t* sums) const {
    const __m256i even = _mm256_sub_epi16(all, _mm256_slli_epi16(odd, 8));
    const __m128i low =
        _mm_add_epi16(_mm256_castsi256_si128(even), _mm256_extracti128_si256(even, 1));
    const __m128i high =
        _mm_add_epi16(_mm256_castsi256_si128(odd), _mm256_extracti128_si256(odd, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(sums), _mm_unpacklo_epi16(low, high));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + 8), _mm_unpackhi_epi16(low, high));
  }
};

void sum_nibbles(const std::uint8_t* codes, const std::uint8_t* tables, std::size_t groups,
                 LinesAhead& ahead, std::uint16_t* sums) {
  const __m256i nibble = _mm256_set1_epi8(15);
  ByteSums first;
  ByteSums second;
  // The entries of the low nibbles, and of the high ones.
  const auto low = [&](std::size_t at) {
    return _mm256_shuffle_epi8(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(tables + at)),
        _mm256_and_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + at)), nibble));
  };
  const auto high = [&](std::size_t at) {
    const __m256i code =
        _mm256_srli_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + at)), 4);
    return _mm256_shuffle_epi8(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(tables + at)),
                               _mm256_and_si256(code, nibble));
  };
  constexpr std::size_t kBytes = sizeof(__m256i);
  const std::size_t bytes = groups * kGroupBytes;
  std::size_t at = 0;
  for (; at + 2 * kBytes <= bytes; at += 2 * kBytes) {
    ask_for_line(ahead);
    first.add(_mm256_add_epi8(low(at), low(at + kBytes)));
    second.add(_mm256_add_epi8(high(at), high(at + kBytes)));
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
  const __m256 lowest = _mm256_broadcastss_ps(_mm_add_ss(pairs, _mm_movehl_ps(pairs, pairs)));
  const __m256 zero = _mm256_setzero_ps();
  const __m256 low = _mm256_add_ps(_mm256_blend_ps(zero, _mm256_broadcast_ss(q), 0xAA),
                                   _mm256_blend_ps(zero, _mm256_broadcast_ss(q + 1), 0xCC));
  const __m256 third = _mm256_blend_ps(zero, _mm256_broadcast_ss(q + 2), 0xF0);
  const auto entries = [&](__m256 fourth) {
    const __m256 sum = _mm256_sub_ps(_mm256_add_ps(low, _mm256_add_ps(third, fourth)), lowest);
    const __m256i whole = _mm256_cvttps_epi32(
        _mm256_add_ps(_mm256_mul_ps(sum, _mm256_set1_ps(inverse_step)), _mm256_set1_ps(0.5f)));
    return _mm_packus_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
  };
  _mm_storeu_si128(reinterpret_cast<__m128i*>(table),
                   _mm_packus_epi16(entries(zero), entries(_mm256_broadcast_ss(q + 3))));
}

}  // namespace
}  // namespace simile::kernels

#include "simile/kernels/neighbor_codes_kernels.h"

namespace simile::kernels {

constinit const NeighborCodeFunctions avx2::kNeighborCodes = kNeighborCodesOfTarget;

}  // namespace simile::kernels
