#include <immintrin.h>

#include "simile/kernels/sorted_keys_table.h"

namespace simile::kernels {
namespace {

// Every group up to the end, whether its keys move or not: a branch that depends on where the key
// belongs is foretold badly, and costs more than ten groups.
std::size_t insert_key(std::uint64_t* keys, std::size_t end, std::uint64_t key) {
  constexpr std::size_t kRun = 8 * kKeyGroup;
  const __m512i fresh = _mm512_set1_epi64(static_cast<long long>(key));
  std::size_t at = 0;
  while (at + kRun < end && keys[at + kRun - 1] <= key) at += kRun;
  __m512i below = at == 0 ? _mm512_setzero_si512() : _mm512_load_si512(keys + at - kKeyGroup);
  std::size_t place = at;
  for (; at < end; at += kKeyGroup) {
    const __m512i here = _mm512_load_si512(keys + at);
    const __m512i before = _mm512_alignr_epi64(here, below, 7);  // of each place, the key before it
    const __mmask8 greater = _mm512_cmpgt_epi64_mask(here, fresh);
    const __mmask8 moved = _mm512_cmpgt_epi64_mask(before, fresh);
    place += kKeyGroup - static_cast<std::size_t>(__builtin_popcount(greater));
    const __m512i taken = _mm512_mask_mov_epi64(here, greater, fresh);
    _mm512_store_si512(keys + at, _mm512_mask_mov_epi64(taken, moved, before));
    below = here;
  }
  return place;
}

}  // namespace

constinit const InsertKeyFunction avx512::kInsertKey = insert_key;

}  // namespace simile::kernels
