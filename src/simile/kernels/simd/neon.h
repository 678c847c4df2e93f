#pragma once
/// Lanes on 64-bit ARM, baseline ARMv8-A. Tails are copied to the stack first.

#include <arm_neon.h>

#include "simile/kernels/simd/elements.h"

namespace simile::kernels {
namespace {

struct Lanes {
  static constexpr std::size_t kFloats = 4;
  static constexpr std::size_t kBits = 16;
  // Two rows x 8 sums: half of the 32 registers.
  static constexpr std::size_t kRowsAtOnce = 2;
  // 8 x 3 sums, 3 vectors of rows and a query value: 28 of the 32 registers.
  static constexpr std::size_t kTileQueries = 8;
  static constexpr std::size_t kTileVectors = 3;
  static constexpr std::size_t kBytesPerUnit = 2;  // as int16
  static constexpr std::size_t kByteOffset = 0;

  using Floats = float32x4_t;
  using Shorts = int16x8_t;
  using Ints = int32x4_t;
  using Bits = uint8x16_t;
  using Counts = uint64x2_t;

  static Floats zero() { return vdupq_n_f32(0); }
  static Floats load(const float* from) { return vld1q_f32(from); }
  static Floats load_first(const float* from, std::size_t n) { return first<Floats>(from, n * 4); }
  static Floats load(const Float16* from) {
    return vcvt_f32_f16(vreinterpret_f16_u16(halves(from, 8)));
  }
  static Floats load_first(const Float16* from, std::size_t n) {
    return vcvt_f32_f16(vreinterpret_f16_u16(halves(from, n * 2)));
  }
  static Floats load(const BFloat16* from) {
    return vreinterpretq_f32_u32(vshll_n_u16(halves(from, 8), 16));
  }
  static Floats load_first(const BFloat16* from, std::size_t n) {
    return vreinterpretq_f32_u32(vshll_n_u16(halves(from, n * 2), 16));
  }
  static Floats load(const std::int8_t* from) { return load_first(from, 4); }
  static Floats load_first(const std::int8_t* from, std::size_t n) {
    const int16x8_t shorts = vmovl_s8(first<int8x8_t>(from, n));
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(shorts)));
  }
  static Floats load(const std::uint8_t* from) { return load_first(from, 4); }
  static Floats load_first(const std::uint8_t* from, std::size_t n) {
    const uint16x8_t shorts = vmovl_u8(first<uint8x8_t>(from, n));
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(shorts)));
  }
  static Floats load(const std::int16_t* from) {
    return vcvtq_f32_s32(vmovl_s16(first<int16x4_t>(from, 8)));
  }
  static Floats load_first(const std::int16_t* from, std::size_t n) {
    return vcvtq_f32_s32(vmovl_s16(first<int16x4_t>(from, n * 2)));
  }
  static Floats broadcast(const float* from) { return vld1q_dup_f32(from); }

  static void store(float* to, Floats x) { vst1q_f32(to, x); }
  static void store_first(float* to, Floats x, std::size_t n) {
    copy_first<sizeof x>(to, &x, n * 4);
  }
  static void store(Float16* to, Floats x) {
    const uint16x4_t bits = vreinterpret_u16_f16(vcvt_f16_f32(x));
    __builtin_memcpy(to, &bits, sizeof bits);
  }
  static void store(BFloat16* to, Floats x) {
    const uint32x4_t bits = vreinterpretq_u32_f32(x);
    const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    const uint32x4_t rounded = vaddq_u32(vaddq_u32(bits, odd), vdupq_n_u32(0x7FFF));
    // NaN stays NaN: rounding could carry it to infinity.
    const uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x40'0000));
    const uint16x4_t result = vshrn_n_u32(vbslq_u32(vceqq_f32(x, x), rounded, quiet), 16);
    __builtin_memcpy(to, &result, sizeof result);
  }

  static Floats add(Floats a, Floats b) { return vaddq_f32(a, b); }
  static Floats sub(Floats a, Floats b) { return vsubq_f32(a, b); }
  static Floats mul(Floats a, Floats b) { return vmulq_f32(a, b); }
  static Floats fma(Floats a, Floats b, Floats c) { return vfmaq_f32(c, a, b); }
  static Floats max(Floats a, Floats b) { return vmaxq_f32(a, b); }
  static std::uint32_t below(Floats a, Floats b) {
    const uint32x4_t lane_bits = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(vcltq_f32(a, b), lane_bits));
  }
  static float sum(Floats x) {
    const float32x2_t two = vadd_f32(vget_low_f32(x), vget_high_f32(x));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
  }

  static void transpose(Floats (&rows)[kFloats]) {
    const float32x4x2_t low = vtrnq_f32(rows[0], rows[1]);
    const float32x4x2_t high = vtrnq_f32(rows[2], rows[3]);
    rows[0] = vcombine_f32(vget_low_f32(low.val[0]), vget_low_f32(high.val[0]));
    rows[1] = vcombine_f32(vget_low_f32(low.val[1]), vget_low_f32(high.val[1]));
    rows[2] = vcombine_f32(vget_high_f32(low.val[0]), vget_high_f32(high.val[0]));
    rows[3] = vcombine_f32(vget_high_f32(low.val[1]), vget_high_f32(high.val[1]));
  }

  static Shorts load_shorts(const std::int8_t* from) { return vmovl_s8(vld1_s8(from)); }
  static Shorts load_shorts_first(const std::int8_t* from, std::size_t n) {
    return vmovl_s8(first<int8x8_t>(from, n));
  }
  static Shorts sub(Shorts a, Shorts b) { return vsubq_s16(a, b); }
  static Ints zero_ints() { return vdupq_n_s32(0); }
  static Ints add(Ints a, Ints b) { return vaddq_s32(a, b); }
  static Ints dot_add(Ints sum, Shorts a, Shorts b) {
    return vmlal_high_s16(vmlal_s16(sum, vget_low_s16(a), vget_low_s16(b)), a, b);
  }
  static Ints dot_pairs_add(Ints sum, Shorts a, Shorts b) {
    const int32x4_t low = vmull_s16(vget_low_s16(a), vget_low_s16(b));
    return vaddq_s32(sum, vpaddq_s32(low, vmull_high_s16(a, b)));
  }
  static std::uint32_t sum(Ints x) { return static_cast<std::uint32_t>(vaddvq_s32(x)); }
  static Floats load_row_units(const std::int8_t* from, std::size_t n) {
    return as_floats(n == 2 * kFloats ? load_shorts(from) : load_shorts_first(from, n));
  }
  static Floats load_query_units(const std::int8_t* from, std::size_t n) {
    return load_row_units(from, n);
  }
  static Ints dot_units_add(Ints sum, Floats row, Floats query) {
    return dot_pairs_add(sum, as_shorts(row), as_shorts(query));
  }
  static Ints broadcast_int(std::int32_t x) { return vdupq_n_s32(x); }
  static std::uint32_t not_above(Floats x, const float* bound) {
    const uint32x4_t above = vcgtq_f32(x, broadcast(bound));
    constexpr std::uint32_t kBit[] = {1, 2, 4, 8};
    return vaddvq_u32(vbicq_u32(vld1q_u32(kBit), above));
  }
  static Floats from_signed(Ints x) { return vcvtq_f32_s32(x); }
  static Floats as_floats(Shorts x) { return vreinterpretq_f32_s16(x); }
  static Shorts as_shorts(Floats x) { return vreinterpretq_s16_f32(x); }

  static Bits load_bits(const unsigned char* from) { return vld1q_u8(from); }
  static Bits load_bits_first(const unsigned char* from, std::size_t n) {
    return first<Bits>(from, n);
  }
  static Bits bit_and(Bits a, Bits b) { return vandq_u8(a, b); }
  static Bits bit_or(Bits a, Bits b) { return vorrq_u8(a, b); }
  static Bits bit_xor(Bits a, Bits b) { return veorq_u8(a, b); }
  static Counts zero_counts() { return vdupq_n_u64(0); }
  static Counts count_add(Counts sum, Bits x) {
    return vpadalq_u32(sum, vpaddlq_u16(vpaddlq_u8(vcntq_u8(x))));
  }
  static Counts add(Counts a, Counts b) { return vaddq_u64(a, b); }
  static std::uint64_t sum(Counts x) { return vaddvq_u64(x); }

 private:
  template <class Vector>
  static Vector first(const void* from, std::size_t bytes) {
    Vector result{};
    copy_first<sizeof result>(&result, from, bytes);
    return result;
  }
  static uint16x4_t halves(const void* from, std::size_t bytes) {
    return first<uint16x4_t>(from, bytes);
  }
};

}  // namespace
}  // namespace simile::kernels
