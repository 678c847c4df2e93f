#include <immintrin.h>

#include "simile/kernels/sorted_keys_table.h"

namespace simile::kernels {
namespace {

constexpr std::size_t kLanes = 4;

// As on AVX-512, four keys at a time.
std::size_t insert_key(std::uint64_t* keys, std::size_t end, std::uint64_t key) {
  const __m256i fresh = _mm256_set1_epi64x(static_cast<long long>(key));
  const auto load = [&](std::size_t at) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(keys + at * kLanes));
  };
  const auto store = [&](std::size_t at, __m256i value) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(keys + at * kLanes), value);
  };
  std::size_t at = (end + kKeyGroup - 1) / kKeyGroup * (kKeyGroup / kLanes);
  if (at == 0) return 0;
  __m256i here = load(--at);
  for (;;) {
    const __m256i greater = _mm256_cmpgt_epi64(here, fresh);
    const auto mask = static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(greater)));
    const __m256i turned = _mm256_permute4x64_epi64(here, 0x93);  // 3 0 1 2
    if (mask == 0xF && at > 0 && keys[at * kLanes - 1] > key) {
      const __m256i below = load(at - 1);
      const __m256i carried = _mm256_permute4x64_epi64(below, 0xFF);
      store(at, _mm256_blend_epi32(turned, carried, 0x03));
      here = below;
      --at;
      continue;
    }
    // Of the places that are greater, the first takes the key: there the lane before is not.
    const __m256i moved = _mm256_blendv_epi8(here, turned, greater);
    const __m256i shifted =
        _mm256_blend_epi32(_mm256_permute4x64_epi64(greater, 0x93), _mm256_setzero_si256(), 0x03);
    const __m256i place = _mm256_andnot_si256(shifted, greater);
    store(at, _mm256_blendv_epi8(moved, fresh, place));
    return at * kLanes + static_cast<std::size_t>(__builtin_ctz(mask | 0x10u));
  }
}

}  // namespace

constinit const InsertKeyFunction avx2::kInsertKey = insert_key;

}  // namespace simile::kernels
