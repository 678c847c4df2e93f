#pragma once
/// The algorithms of transform.h. Loops over single floats are for the compiler to make vectors of;
/// what it would not is written over Lanes.

#include "simile/kernels/simd/unroll.h"
#include "simile/kernels/transform.h"

namespace simile::kernels {
namespace {

constexpr std::size_t kLanes = Lanes::kFloats;

void scale_each(float* v, const float* factors, std::size_t dim) {
  for (std::size_t i = 0; i < dim; ++i) v[i] *= factors[i];
}

// Sums and differences of lanes kHalf apart, within one register: -b + a is a - b exactly.
template <std::size_t kHalf, std::size_t... kLane>
Lanes::Floats butterfly(Lanes::Floats v, std::index_sequence<kLane...>) {
  const Lanes::Floats other = __builtin_shufflevector(v, v, static_cast<int>(kLane ^ kHalf)...);
  const Lanes::Floats signs = {((kLane & kHalf) != 0 ? -1.0f : 1.0f)...};
  return Lanes::add(Lanes::mul(v, signs), other);
}

void hadamard(float* v, std::size_t dim) {
  if (dim < kLanes) {
    for (std::size_t half = 1; half < dim; half *= 2) {
      for (std::size_t i = 0; i < dim; ++i) {
        if ((i & half) != 0) continue;
        const float a = v[i];
        const float b = v[i + half];
        v[i] = a + b;
        v[i + half] = a - b;
      }
    }
    return;
  }
  constexpr auto kEach = std::make_index_sequence<kLanes>{};
  for (std::size_t i = 0; i < dim; i += kLanes) {
    Lanes::Floats x = Lanes::load(v + i);
    x = butterfly<1>(x, kEach);
    x = butterfly<2>(x, kEach);
    if constexpr (kLanes > 4) x = butterfly<4 % kLanes>(x, kEach);
    if constexpr (kLanes > 8) x = butterfly<8 % kLanes>(x, kEach);
    Lanes::store(v + i, x);
  }
  for (std::size_t half = kLanes; half < dim; half *= 2) {
    for (std::size_t i = 0; i < dim; i += 2 * half) {
      for (std::size_t j = i; j < i + half; j += kLanes) {
        const Lanes::Floats a = Lanes::load(v + j);
        const Lanes::Floats b = Lanes::load(v + j + half);
        Lanes::store(v + j, Lanes::add(a, b));
        Lanes::store(v + j + half, Lanes::sub(a, b));
      }
    }
  }
}

// kWidth components of each row at a time, in registers.
template <std::size_t kWidth>
void mix_columns(const float* in, const float* matrix, std::size_t count, std::size_t dim,
                 float* out) {
  constexpr std::size_t kVectors = kWidth / kLanes;
  for (std::size_t at = 0; at < dim; at += kWidth) {
    for (std::size_t k = 0; k < count; ++k) {
      Lanes::Floats sums[kVectors];
      unroll<kVectors>(SIMILE_EACH(i) { sums[i] = Lanes::zero(); });
      for (std::size_t n = 0; n < count; ++n) {
        const Lanes::Floats weight = Lanes::broadcast(matrix + k * count + n);
        const float* row = in + n * dim + at;
        unroll<kVectors>(SIMILE_EACH(i) {
          sums[i] = Lanes::add(sums[i], Lanes::mul(weight, Lanes::load(row + i * kLanes)));
        });
      }
      unroll<kVectors>(SIMILE_EACH(i) { Lanes::store(out + k * dim + at + i * kLanes, sums[i]); });
    }
  }
}

void mix_rows(const float* in, const float* matrix, std::size_t count, std::size_t dim,
              float* out) {
  constexpr std::size_t kWide = 4 * kTransformUnit;
  if (dim % kWide == 0) {
    mix_columns<kWide>(in, matrix, count, dim, out);
  } else {
    mix_columns<kTransformUnit>(in, matrix, count, dim, out);
  }
}

void centre(float* v, float factor, const float* mean, std::size_t dim) {
  for (std::size_t i = 0; i < dim; ++i) v[i] = v[i] * factor - mean[i];
}

float scale_all(float* v, float scale, std::size_t dim) {
  // Sizes of floats order as the integers of their bits do.
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < dim; ++i) {
    v[i] *= scale;
    std::uint32_t bits;
    __builtin_memcpy(&bits, v + i, sizeof bits);
    bits &= 0x7FFF'FFFFu;
    largest = bits > largest ? bits : largest;
  }
  float size;
  __builtin_memcpy(&size, &largest, sizeof size);
  return size;
}

void quantize(const float* v, float scale, std::size_t dim, std::int8_t* code) {
  for (std::size_t i = 0; i < dim; ++i) {
    float value = v[i] * scale;
    value = value > 127.0f ? 127.0f : value;
    value = value > -127.0f ? value : -127.0f;
    // Adding 1.5 * 2^23 leaves the nearest integer, ties to even, in the low bits.
    value += 12'582'912.0f;
    std::uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    code[i] = static_cast<std::int8_t>(bits);
  }
}

constexpr TransformFunctions kTransformOfTarget = {scale_each, hadamard,  mix_rows,
                                                   centre,     scale_all, quantize};

}  // namespace
}  // namespace simile::kernels
