#pragma once
/// Whole vectors from one element type to another, over the Lanes of the target in use.

#include "simile/kernels/simd/elements.h"

namespace simile::kernels {
namespace {

template <class Element>
void widen_vector(const void* from, std::size_t count, float* to) {
  const auto* source = static_cast<const Element*>(from);
  std::size_t i = 0;
  for (; i + Lanes::kFloats <= count; i += Lanes::kFloats) {
    Lanes::store(to + i, Lanes::load(source + i));
  }
  if (i < count) {
    Lanes::store_first(to + i, Lanes::load_first(source + i, count - i), count - i);
  }
}

/// kScaled16: a float32 step, then int16 multiples of it.
inline void widen_scaled(const void* from, std::size_t count, float* to) {
  float step;
  __builtin_memcpy(&step, from, sizeof step);
  widen_vector<std::int16_t>(static_cast<const unsigned char*>(from) + sizeof step, count, to);
  for (std::size_t i = 0; i < count; ++i) to[i] *= step;
}

template <class Element>
void narrow_vector(const float* from, std::size_t count, void* to) {
  auto* target = static_cast<Element*>(to);
  std::size_t i = 0;
  for (; i + Lanes::kFloats <= count; i += Lanes::kFloats) {
    Lanes::store(target + i, Lanes::load(from + i));
  }
  if (i < count) {
    Element last[Lanes::kFloats];
    Lanes::store(last, Lanes::load_first(from + i, count - i));
    copy_first<sizeof last>(target + i, last, (count - i) * sizeof(Element));
  }
}

}  // namespace
}  // namespace simile::kernels
