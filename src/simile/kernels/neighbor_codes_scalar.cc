// clang-format off: the lanes come first, since the kernels are written over them.
#include "simile/kernels/simd/scalar.h"
// clang-format on
#include "simile/kernels/neighbor_codes_table.h"

namespace simile::kernels {
namespace {

void sum_nibbles(const std::uint8_t* codes, const std::uint8_t* tables, std::size_t groups,
                 LinesAhead& ahead, std::uint16_t* sums) {
  for (std::size_t i = 0; i < kBlockCodes; ++i) sums[i] = 0;
  for (std::size_t g = 0; g < groups; ++g) {
    const std::uint8_t* group = codes + g * kGroupBytes;
    ask_for_line(ahead);
    const std::uint8_t* table = tables + g * kGroupBytes;
    for (std::size_t j = 0; j < kGroupBytes; ++j) {
      sums[j] = static_cast<std::uint16_t>(sums[j] + table[group[j] & 15]);
      sums[j + 16] = static_cast<std::uint16_t>(sums[j + 16] + table[group[j] >> 4]);
    }
  }
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

constinit const NeighborCodeFunctions scalar::kNeighborCodes = kNeighborCodesOfTarget;

}  // namespace simile::kernels
