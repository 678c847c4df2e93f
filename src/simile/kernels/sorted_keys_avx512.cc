#include <immintrin.h>

#include "simile/kernels/sorted_keys_table.h"

namespace simile::kernels {
namespace {

// From the last group down: a group of greater keys moves up by one, its first place taking the
// last key of the group before; in the group where the key belongs, only those above it move.
std::size_t insert_key(std::uint64_t* keys, std::size_t end, std::uint64_t key) {
  const __m512i fresh = _mm512_set1_epi64(static_cast<long long>(key));
  std::size_t group = (end + kKeyGroup - 1) / kKeyGroup;
  if (group == 0) return 0;
  __m512i here = _mm512_load_si512(keys + --group * kKeyGroup);
  for (;;) {
    const __mmask8 greater = _mm512_cmpgt_epi64_mask(here, fresh);
    if (greater == 0xFF && group > 0) {
      const __m512i below = _mm512_load_si512(keys + (group - 1) * kKeyGroup);
      if (static_cast<__mmask8>(_mm512_cmpgt_epi64_mask(below, fresh) >> 7) != 0) {
        _mm512_store_si512(keys + group * kKeyGroup, _mm512_alignr_epi64(here, below, 7));
        here = below;
        --group;
        continue;
      }
    }
    const auto place = static_cast<__mmask8>(greater & -greater);
    const __m512i moved = _mm512_mask_alignr_epi64(here, greater, here, here, 7);
    _mm512_store_si512(keys + group * kKeyGroup, _mm512_mask_mov_epi64(moved, place, fresh));
    return group * kKeyGroup + static_cast<std::size_t>(__builtin_ctz(greater | 0x100u));
  }
}

}  // namespace

constinit const InsertKeyFunction avx512::kInsertKey = insert_key;

}  // namespace simile::kernels
