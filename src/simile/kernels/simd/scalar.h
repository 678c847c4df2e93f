#pragma once
/// Lanes in the compiler's own vectors, for machines that have none of the instruction sets and as
/// the meaning of the others. The baseline has instructions for them (SSE2), or gets loops.

#include "simile/base/half.h"
#include "simile/kernels/simd/elements.h"

namespace simile::kernels {
namespace {

struct Lanes {
  static constexpr std::size_t kFloats = 4;
  static constexpr std::size_t kBits = 8;
  static constexpr std::size_t kRowsAtOnce = 1;
  static constexpr std::size_t kTileQueries = 4;
  static constexpr std::size_t kTileVectors = 1;
  static constexpr std::size_t kBytesPerUnit = 2;  // as int16
  static constexpr std::size_t kByteOffset = 0;

  using Floats [[gnu::vector_size(16)]] = float;
  using Ints [[gnu::vector_size(16)]] = std::uint32_t;  // sums wrap as those of the others do
  using Shorts [[gnu::vector_size(16)]] = std::int16_t;
  using Bits = std::uint64_t;
  using Counts = std::uint64_t;

  static Floats zero() { return Floats{}; }
  static Floats load(const float* from) { return copy<Floats>(from, sizeof(Floats)); }
  static Floats load_first(const float* from, std::size_t n) { return copy<Floats>(from, n * 4); }
  static Floats load(const Float16* from) { return load_first(from, kFloats); }
  static Floats load_first(const Float16* from, std::size_t n) {
    return convert<Float16>(from, n, [](Float16 x) { return float16_to_float(x.bits); });
  }
  static Floats load(const BFloat16* from) { return load_first(from, kFloats); }
  static Floats load_first(const BFloat16* from, std::size_t n) {
    return convert<BFloat16>(from, n, [](BFloat16 x) { return bfloat16_to_float(x.bits); });
  }
  static Floats load(const std::int8_t* from) { return load_first(from, kFloats); }
  static Floats load_first(const std::int8_t* from, std::size_t n) {
    return convert<std::int8_t>(from, n, [](std::int8_t x) { return static_cast<float>(x); });
  }
  static Floats load(const std::uint8_t* from) { return load_first(from, kFloats); }
  static Floats load_first(const std::uint8_t* from, std::size_t n) {
    return convert<std::uint8_t>(from, n, [](std::uint8_t x) { return static_cast<float>(x); });
  }
  static Floats load(const std::int16_t* from) { return load_first(from, kFloats); }
  static Floats load_first(const std::int16_t* from, std::size_t n) {
    return convert<std::int16_t>(from, n, [](std::int16_t x) { return static_cast<float>(x); });
  }
  static Floats broadcast(const float* from) {
    const float value = *from;
    return Floats{value, value, value, value};
  }

  static void store(float* to, Floats x) { __builtin_memcpy(to, &x, sizeof x); }
  static void store_first(float* to, Floats x, std::size_t n) {
    copy_first<sizeof x>(to, &x, n * 4);
  }
  static void store(Float16* to, Floats x) {
    for (std::size_t i = 0; i < kFloats; ++i) {
      const Float16 half{float_to_float16(x[i])};
      __builtin_memcpy(to + i, &half, sizeof half);
    }
  }
  static void store(BFloat16* to, Floats x) {
    for (std::size_t i = 0; i < kFloats; ++i) {
      const BFloat16 half{float_to_bfloat16(x[i])};
      __builtin_memcpy(to + i, &half, sizeof half);
    }
  }

  static Floats add(Floats a, Floats b) { return a + b; }
  static Floats sub(Floats a, Floats b) { return a - b; }
  static Floats mul(Floats a, Floats b) { return a * b; }
  /// a * b + c, rounded once.
  static Floats fma(Floats a, Floats b, Floats c) {
    const Doubles low = fma_to_odd(low_half(a), low_half(b), low_half(c));
    const Doubles high = fma_to_odd(high_half(a), high_half(b), high_half(c));
    return join(__builtin_convertvector(low, Pair), __builtin_convertvector(high, Pair));
  }
  static Floats max(Floats a, Floats b) { return a > b ? a : b; }
  static std::uint32_t below(Floats a, Floats b) {
    std::uint32_t mask = 0;
    for (std::size_t i = 0; i < kFloats; ++i) mask |= std::uint32_t{a[i] < b[i]} << i;
    return mask;
  }
  static float sum(Floats x) { return (x[0] + x[2]) + (x[1] + x[3]); }

  static void transpose(Floats (&rows)[kFloats]) {
    const Floats a = rows[0], b = rows[1], c = rows[2], d = rows[3];
    rows[0] = Floats{a[0], b[0], c[0], d[0]};
    rows[1] = Floats{a[1], b[1], c[1], d[1]};
    rows[2] = Floats{a[2], b[2], c[2], d[2]};
    rows[3] = Floats{a[3], b[3], c[3], d[3]};
  }

  static Shorts load_shorts(const std::int8_t* from) { return load_shorts_first(from, 8); }
  static Shorts load_shorts_first(const std::int8_t* from, std::size_t n) {
    Shorts result{};
    for (std::size_t i = 0; i < n; ++i) result[i] = from[i];
    return result;
  }
  static Shorts sub(Shorts a, Shorts b) { return a - b; }
  static Ints zero_ints() { return Ints{}; }
  static Ints add(Ints a, Ints b) { return a + b; }
  static Ints dot_add(Ints sum, Shorts a, Shorts b) { return dot_pairs_add(sum, a, b); }
  static Ints dot_pairs_add(Ints sum, Shorts a, Shorts b) {
    Ints products;
    for (std::size_t i = 0; i < kFloats; ++i) {
      products[i] = static_cast<std::uint32_t>(a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1]);
    }
    return sum + products;
  }
  static std::uint32_t sum(Ints x) { return x[0] + x[1] + x[2] + x[3]; }
  static Floats load_row_units(const std::int8_t* from, std::size_t n) {
    return as_floats(n == 2 * kFloats ? load_shorts(from) : load_shorts_first(from, n));
  }
  static Floats load_query_units(const std::int8_t* from, std::size_t n) {
    return load_row_units(from, n);
  }
  static Ints dot_units_add(Ints sum, Floats row, Floats query) {
    return dot_pairs_add(sum, as_shorts(row), as_shorts(query));
  }
  static Ints broadcast_int(std::int32_t x) {
    const auto bits = static_cast<std::uint32_t>(x);
    return Ints{bits, bits, bits, bits};
  }
  static std::uint32_t not_above(Floats x, const float* bound) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < kFloats; ++i) bits |= x[i] > *bound ? 0u : 1u << i;
    return bits;
  }
  static Floats from_signed(Ints x) {
    using Signed [[gnu::vector_size(16)]] = std::int32_t;
    return __builtin_convertvector(reinterpret_cast<Signed>(x), Floats);
  }
  static Floats as_floats(Shorts x) { return reinterpret_cast<Floats>(x); }
  static Shorts as_shorts(Floats x) { return reinterpret_cast<Shorts>(x); }

  static Bits load_bits(const unsigned char* from) { return copy<Bits>(from, sizeof(Bits)); }
  static Bits load_bits_first(const unsigned char* from, std::size_t n) {
    return copy<Bits>(from, n);
  }
  static Bits bit_and(Bits a, Bits b) { return a & b; }
  static Bits bit_or(Bits a, Bits b) { return a | b; }
  static Bits bit_xor(Bits a, Bits b) { return a ^ b; }
  static Counts zero_counts() { return 0; }
  static Counts count_add(Counts sum, Bits x) {
    return sum + static_cast<std::uint64_t>(__builtin_popcountll(x));
  }
  static Counts add(Counts a, Counts b) { return a + b; }
  static std::uint64_t sum(Counts x) { return x; }

 private:
  template <class T>
  static T copy(const void* from, std::size_t bytes) {
    T result{};
    copy_first<sizeof result>(&result, from, bytes);
    return result;
  }
  template <class Element, class Convert>
  static Floats convert(const Element* from, std::size_t n, Convert convert) {
    Floats result{};
    for (std::size_t i = 0; i < n; ++i) {
      Element element;
      __builtin_memcpy(&element, from + i, sizeof element);
      result[i] = convert(element);
    }
    return result;
  }
  using Doubles [[gnu::vector_size(16)]] = double;
  using Words [[gnu::vector_size(16)]] = std::int64_t;
  using Pair [[gnu::vector_size(8)]] = float;
  /// Whole vectors are converted: where single values were, gcc 12 left out, at -O3, that a sum is
  /// rounded to float before the next multiply-add.
  static Doubles low_half(Floats x) { return __builtin_convertvector(Pair{x[0], x[1]}, Doubles); }
  static Doubles high_half(Floats x) { return __builtin_convertvector(Pair{x[2], x[3]}, Doubles); }
  static Floats join(Pair low, Pair high) { return Floats{low[0], low[1], high[0], high[1]}; }
  /// The products of floats are exact as doubles. Rounding their sums to odd (Boldo, Melquiond
  /// 2008) keeps the second rounding, to float, from landing on a false tie.
  static Doubles fma_to_odd(Doubles a, Doubles b, Doubles c) {
    const Doubles product = a * b;
    const Doubles sum = product + c;
    const Doubles part = sum - product;
    const Doubles error = (product - (sum - part)) + (c - part);
    const Words inexact = (error > 0) | (error < 0);
    const Words outward = ~((error > 0) ^ (sum > 0));
    const Words bits = reinterpret_cast<Words>(sum);
    const Words is_even = -(~bits & 1);
    return reinterpret_cast<Doubles>(bits + ((1 | ~outward) & inexact & is_even));
  }
};

}  // namespace
}  // namespace simile::kernels
