#pragma once
/// What the lanes of every target share: the 16-bit element types and the copy of a vector's tail.
///
/// simd/<target>.h defines struct Lanes in an unnamed namespace: static functions over registers,
/// under the same names for every target, so that an algorithm is a template over Lanes. A file
/// includes exactly one of them.
///
///   Floats   kFloats lanes of float32; sums are taken in the order that sum() states
///            below(a, b): bit i says whether lane i of a is less than that of b
///   Shorts   2 * kFloats lanes of int16, widened from int8
///   Ints     kFloats lanes of int32, sums of products of Shorts
///   Bits     kBits bytes
///   Counts   sums of set bits of Bits
///
/// load(p) reads one whole register and load_first(p, n) the first n elements, 0 < n < lanes, with
/// zeros after them; neither reads past its last element, and p needs no alignment.

#include <cstddef>
#include <cstdint>

namespace simile::kernels {
namespace {

struct Float16 {
  std::uint16_t bits;
};
struct BFloat16 {
  std::uint16_t bits;
};

/// Copies the first `bytes` <= kCapacity bytes, kCapacity a power of two, for targets whose loads
/// have no masks. In pieces of powers of two, since a call of memcpy costs more than a short
/// vector's whole distance.
template <std::size_t kCapacity>
inline void copy_first(void* to, const void* from, std::size_t bytes) {
  if constexpr (kCapacity > 0) {
    if ((bytes & kCapacity) != 0) {
      __builtin_memcpy(to, from, kCapacity);
      to = static_cast<unsigned char*>(to) + kCapacity;
      from = static_cast<const unsigned char*>(from) + kCapacity;
    }
    copy_first<kCapacity / 2>(to, from, bytes);
  }
}

/// Inlined by force, as must be what calls it: a function that does nothing but prefetch is pure to
/// gcc 12, which then drops its calls.
[[gnu::always_inline]] inline void prefetch(const void* at) { __builtin_prefetch(at); }
/// To L2 only.
[[gnu::always_inline]] inline void prefetch_far(const void* at) { __builtin_prefetch(at, 0, 2); }

}  // namespace
}  // namespace simile::kernels
