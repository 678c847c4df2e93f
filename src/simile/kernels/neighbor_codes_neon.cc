// clang-format off: the lanes come first, since the kernels are written over them.
#include "simile/kernels/simd/neon.h"
// clang-format on
#include "simile/kernels/neighbor_codes_table.h"

namespace simile::kernels {
namespace {

struct ByteSums {
  uint16x8_t low = vdupq_n_u16(0);
  uint16x8_t high = vdupq_n_u16(0);

  void add(uint8x16_t bytes) {
    low = vaddw_u8(low, vget_low_u8(bytes));
    high = vaddw_u8(high, vget_high_u8(bytes));
  }
  void store(std::uint16_t* sums) const {
    vst1q_u16(sums, low);
    vst1q_u16(sums + 8, high);
  }
};

void sum_nibbles(const std::uint8_t* codes, const std::uint8_t* tables, std::size_t groups,
                 LinesAhead& ahead, std::uint16_t* sums) {
  const uint8x16_t nibble = vdupq_n_u8(15);
  ByteSums first;
  ByteSums second;
  for (std::size_t at = 0; at < groups * kGroupBytes; at += kGroupBytes) {
    const uint8x16_t code = vld1q_u8(codes + at);
    const uint8x16_t table = vld1q_u8(tables + at);
    ask_for_line(ahead);
    first.add(vqtbl1q_u8(table, vandq_u8(code, nibble)));
    second.add(vqtbl1q_u8(table, vshrq_n_u8(code, 4)));
  }
  first.store(sums);
  second.store(sums + 16);
}

void fill_group(const float* q, float inverse_step, std::uint8_t* table) {
  const auto below = [&](std::size_t i) { return q[i] < 0 ? q[i] : 0.0f; };
  const float lowest = (below(0) + below(1)) + (below(2) + below(3));
  for (std::size_t n = 0; n < kGroupBytes; ++n) {
    const auto part = [&](std::size_t i) { return (n >> i & 1) != 0 ? q[i] : 0.0f; };
    const float sum = ((part(0) + part(1)) + (part(2) + part(3))) - lowest;
    table[n] = static_cast<std::uint8_t>(static_cast<std::int32_t>(sum * inverse_step + 0.5f));
  }
}

}  // namespace
}  // namespace simile::kernels

#include "simile/kernels/neighbor_codes_kernels.h"

namespace simile::kernels {

constinit const NeighborCodeFunctions neon::kNeighborCodes = kNeighborCodesOfTarget;

}  // namespace simile::kernels
