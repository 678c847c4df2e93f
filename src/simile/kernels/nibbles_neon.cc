#include <arm_neon.h>

#include "simile/kernels/nibbles_table.h"

namespace simile::kernels {
namespace {

struct Nibbles {
  static constexpr std::size_t kBytes = 16;
  using Bytes = uint8x16_t;
  using Sums = int32x4_t;

  static Sums zero() { return vdupq_n_s32(0); }
  static Bytes load(const void* from) { return vld1q_u8(static_cast<const std::uint8_t*>(from)); }
  static Bytes low(Bytes b) { return vandq_u8(b, vdupq_n_u8(15)); }
  static Bytes high(Bytes b) { return vshrq_n_u8(b, 4); }
  static Bytes difference(Bytes a, Bytes b) { return vabdq_u8(a, b); }
  static Bytes shifted(Bytes u) { return vsubq_u8(u, vdupq_n_u8(15)); }
  static Sums dot(Sums sum, Bytes u, Bytes s) {
    const int8x16_t a = vreinterpretq_s8_u8(u);
    const int8x16_t b = vreinterpretq_s8_u8(s);
    sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(a), vget_low_s8(b)));
    return vpadalq_s16(sum, vmull_s8(vget_high_s8(a), vget_high_s8(b)));
  }
  static void total(const Sums (&sums)[4], std::int32_t* out) {
    const int32x4_t pairs = vpaddq_s32(sums[0], sums[1]);
    vst1q_s32(out, vpaddq_s32(pairs, vpaddq_s32(sums[2], sums[3])));
  }
};

}  // namespace
}  // namespace simile::kernels

#include "simile/kernels/nibbles_kernels.h"

namespace simile::kernels {

constinit const NibbleFunctions neon::kNibbles = kNibblesOfTarget;

}  // namespace simile::kernels
