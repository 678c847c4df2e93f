#pragma once
/// Distances of one query to one row or to several, over the Lanes of the target in use.
///
///   1. Every Sum lane adds up every kLanes * kSums-th component; the tail is padded with zeros,
///      which add nothing.
///   2. The sums of a row are added pairwise, the upper half to the lower, down to one lane.
///   3. Several rows go side by side: they share the loads of the query, and the latency of one
///      row's additions hides behind the others.
///
/// float32 sums have 32 lanes on every target, as 2 x 16, 4 x 8 or 8 x 4, and products are rounded
/// before they are added (a fused multiply-add would be no faster: two loads a step bind). So pair,
/// scan and gather give the same bits on every target, and an index that is built with them has the
/// same edges.

#include "simile/kernels/distance_types.h"
#include "simile/kernels/simd/elements.h"
#include "simile/kernels/simd/unroll.h"

namespace simile::kernels {
namespace {

inline constexpr std::size_t kCacheLine = 64;

/// Adds the upper half of the sums to the lower until one is left.
template <class Sum, std::size_t kSums>
[[gnu::always_inline]] inline Sum fold(const Sum (&sums)[kSums]) {
  if constexpr (kSums == 1) {
    return sums[0];
  } else {
    Sum halves[kSums / 2];
    unroll<kSums / 2>(SIMILE_EACH(i) { halves[i] = Lanes::add(sums[i], sums[i + kSums / 2]); });
    return fold(halves);
  }
}

struct L2 {};
struct Product {};

// What a distance is made of: the types of its vectors, how a register of each is loaded, one step,
// and the end. `length` below counts elements: components, or bytes of a bit vector. A row is a
// RowAt, to which elements are added; row_bytes() are what there is to prefetch of one.

template <class Element>
struct PlainRows {
  using RowAt = const Element*;
  static RowAt row_at(const void* row) { return static_cast<const Element*>(row); }
  static std::size_t row_bytes(std::size_t length) { return length * sizeof(Element); }
};

template <class Op, class RowElement>
struct FloatDistance : PlainRows<RowElement> {
  using Query = float;
  using Vector = Lanes::Floats;
  using Sum = Lanes::Floats;
  static constexpr std::size_t kLanes = Lanes::kFloats;
  static constexpr std::size_t kSums = 32 / kLanes;

  static std::size_t length(std::size_t dim) { return dim; }
  static Sum zero() { return Lanes::zero(); }
  template <class Element>
  static Vector load(const Element* from) {
    return Lanes::load(from);
  }
  template <class Element>
  static Vector load_first(const Element* from, std::size_t n) {
    return Lanes::load_first(from, n);
  }
  static Sum step(Sum sum, Vector a, Vector b) { return step(sum, a, b, Op{}); }
  static float finish(const Sum (&sums)[kSums]) { return Lanes::sum(fold(sums)); }

 private:
  static Sum step(Sum sum, Vector a, Vector b, L2) {
    const Vector difference = Lanes::sub(a, b);
    return Lanes::add(sum, Lanes::mul(difference, difference));
  }
  static Sum step(Sum sum, Vector a, Vector b, Product) {
    return Lanes::add(sum, Lanes::mul(a, b));
  }
};

/// A row of kScaled16 on the way through it.
struct ScaledRow {
  const std::int16_t* components;
  Lanes::Floats step;

  friend ScaledRow operator+(ScaledRow row, std::size_t n) {
    return {row.components + n, row.step};
  }
};

template <class Op>
struct ScaledDistance : FloatDistance<Op, float> {
  using Base = FloatDistance<Op, float>;
  using Vector = typename Base::Vector;
  using RowAt = ScaledRow;
  static RowAt row_at(const void* row) {
    const auto* bytes = static_cast<const unsigned char*>(row);
    float step;
    __builtin_memcpy(&step, bytes, sizeof step);
    return {reinterpret_cast<const std::int16_t*>(bytes + sizeof step), Lanes::broadcast(&step)};
  }
  static std::size_t row_bytes(std::size_t length) {
    return sizeof(float) + length * sizeof(std::int16_t);
  }
  using Base::load;
  using Base::load_first;
  static Vector load(ScaledRow from) { return Lanes::mul(Lanes::load(from.components), from.step); }
  static Vector load_first(ScaledRow from, std::size_t n) {
    return Lanes::mul(Lanes::load_first(from.components, n), from.step);
  }
};

/// Differences fit in int16, their squares' sums in uint32 up to 65,536 components; products' sums
/// in int32. Additions wrap, so that any order is exact.
template <class Op>
struct Int8Distance : PlainRows<std::int8_t> {
  using Query = std::int8_t;
  using Vector = Lanes::Shorts;
  using Sum = Lanes::Ints;
  static constexpr std::size_t kLanes = 2 * Lanes::kFloats;
  static constexpr std::size_t kSums = 2;

  static std::size_t length(std::size_t dim) { return dim; }
  static Sum zero() { return Lanes::zero_ints(); }
  static Vector load(const std::int8_t* from) { return Lanes::load_shorts(from); }
  static Vector load_first(const std::int8_t* from, std::size_t n) {
    return Lanes::load_shorts_first(from, n);
  }
  static Sum step(Sum sum, Vector a, Vector b) { return step(sum, a, b, Op{}); }
  static float finish(const Sum (&sums)[kSums]) { return finish(Lanes::sum(fold(sums)), Op{}); }

 private:
  static Sum step(Sum sum, Vector a, Vector b, L2) {
    const Vector difference = Lanes::sub(a, b);
    return Lanes::dot_add(sum, difference, difference);
  }
  static Sum step(Sum sum, Vector a, Vector b, Product) { return Lanes::dot_add(sum, a, b); }
  static float finish(std::uint32_t sum, L2) { return static_cast<float>(sum); }
  static float finish(std::uint32_t sum, Product) {
    return static_cast<float>(static_cast<std::int32_t>(sum));
  }
};

struct BitVectors : PlainRows<unsigned char> {
  using Query = unsigned char;
  using Vector = Lanes::Bits;
  static constexpr std::size_t kLanes = Lanes::kBits;

  static std::size_t length(std::size_t dim) { return dim / 8; }
  static Vector load(const unsigned char* from) { return Lanes::load_bits(from); }
  static Vector load_first(const unsigned char* from, std::size_t n) {
    return Lanes::load_bits_first(from, n);
  }
};

struct Hamming : BitVectors {
  using Sum = Lanes::Counts;
  static constexpr std::size_t kSums = 2;

  static Sum zero() { return Lanes::zero_counts(); }
  static Sum step(Sum sum, Vector a, Vector b) {
    return Lanes::count_add(sum, Lanes::bit_xor(a, b));
  }
  static float finish(const Sum (&sums)[kSums]) {
    return static_cast<float>(Lanes::sum(fold(sums)));
  }
};

struct Jaccard : BitVectors {
  struct Sum {
    Lanes::Counts both;
    Lanes::Counts either;
  };
  static constexpr std::size_t kSums = 1;

  static Sum zero() { return {Lanes::zero_counts(), Lanes::zero_counts()}; }
  static Sum step(Sum sum, Vector a, Vector b) {
    return {Lanes::count_add(sum.both, Lanes::bit_and(a, b)),
            Lanes::count_add(sum.either, Lanes::bit_or(a, b))};
  }
  static float finish(const Sum (&sums)[kSums]) {
    const auto both = static_cast<float>(Lanes::sum(sums[0].both));
    const auto either = static_cast<float>(Lanes::sum(sums[0].either));
    return either == 0 ? 0.0f : 1.0f - both / either;
  }
};

/// One query to kRows rows.
template <class Distance, std::size_t kRows>
[[gnu::always_inline]] inline void distances(const typename Distance::Query* query,
                                             const typename Distance::RowAt (&rows)[kRows],
                                             std::size_t length, float* out) {
  constexpr std::size_t kLanes = Distance::kLanes;
  constexpr std::size_t kSums = Distance::kSums;
  typename Distance::Sum sums[kRows][kSums];
  unroll<kRows>(
      SIMILE_EACH(r) { unroll<kSums>(SIMILE_EACH(s) { sums[r][s] = Distance::zero(); }); });
  std::size_t at = 0;
  for (; at + kSums * kLanes <= length; at += kSums * kLanes) {
    unroll<kSums>(SIMILE_EACH(s) {
      const auto a = Distance::load(query + at + s * kLanes);
      unroll<kRows>(SIMILE_EACH(r) {
        sums[r][s] = Distance::step(sums[r][s], a, Distance::load(rows[r] + at + s * kLanes));
      });
    });
  }
  unroll<kSums>(SIMILE_EACH(s) {
    if (at + kLanes <= length) {
      const auto a = Distance::load(query + at);
      unroll<kRows>(SIMILE_EACH(r) {
        sums[r][s] = Distance::step(sums[r][s], a, Distance::load(rows[r] + at));
      });
      at += kLanes;
    } else if (at < length) {
      const std::size_t n = length - at;
      const auto a = Distance::load_first(query + at, n);
      unroll<kRows>(SIMILE_EACH(r) {
        sums[r][s] = Distance::step(sums[r][s], a, Distance::load_first(rows[r] + at, n));
      });
      at = length;
    }
  });
  unroll<kRows>(SIMILE_EACH(r) { out[r] = Distance::finish(sums[r]); });
}

template <class Distance>
float pair_distance(const void* query, const void* row, std::size_t dim) {
  const typename Distance::RowAt rows[] = {Distance::row_at(row)};
  float out;
  distances<Distance, 1>(static_cast<const typename Distance::Query*>(query), rows,
                         Distance::length(dim), &out);
  return out;
}

/// out[i] = the distance to row_at(i), kGroup rows side by side; before(i) is called before the
/// first row of a group is read.
template <class Distance, std::size_t kGroup, class RowAt, class Before>
[[gnu::always_inline]] inline void each_row(const void* query, std::size_t count, std::size_t dim,
                                            float* out, const RowAt& row_at, const Before& before) {
  const auto* first = static_cast<const typename Distance::Query*>(query);
  const std::size_t length = Distance::length(dim);
  std::size_t i = 0;
  for (; i + kGroup <= count; i += kGroup) {
    before(i);
    typename Distance::RowAt rows[kGroup];
    unroll<kGroup>(SIMILE_EACH(r) { rows[r] = Distance::row_at(row_at(i + r)); });
    distances<Distance, kGroup>(first, rows, length, out + i);
  }
  for (; i < count; ++i) {
    const typename Distance::RowAt rows[] = {Distance::row_at(row_at(i))};
    distances<Distance, 1>(first, rows, length, out + i);
  }
}

/// From memory, rows of 256 bytes or more go one by one: the processor then sees one stream and
/// prefetches it at full bandwidth (Zen 4, 512 bytes: 29 of 30 GB/s; 11 with four rows side by
/// side, and 24 at most with prefetches of our own). Shorter rows are bound by arithmetic and go in
/// groups.
template <class Distance>
void scan_distances(const void* query, const void* rows, std::size_t stride, std::size_t count,
                    std::size_t dim, float* out) {
  constexpr std::size_t kStreamedBytes = 256;
  const auto* base = static_cast<const unsigned char*>(rows);
  const auto row_at = SIMILE_EACH(i) { return base + i * stride; };
  const auto nothing = [](std::size_t) {};
  if (Distance::row_bytes(Distance::length(dim)) >= kStreamedBytes) {
    each_row<Distance, 1>(query, count, dim, out, row_at, nothing);
  } else {
    each_row<Distance, Lanes::kRowsAtOnce>(query, count, dim, out, row_at, nothing);
  }
}

/// Rows are prefetched 2 KiB ahead, at least four of them: enough lines to cover the latency of
/// memory, few enough to wait for (Zen 4, 512 bytes: 4 rows ahead 64 ns a row, 1 ahead 83, 32 ahead
/// 74; 128 bytes: 16 ahead 14, 4 ahead 25).
template <class Distance>
void gather_distances(const void* query, const void* base, std::size_t stride,
                      const std::uint32_t* ids, std::size_t count, std::size_t dim, float* out) {
  constexpr std::size_t kAheadBytes = 2048;
  constexpr std::size_t kGroup = Lanes::kRowsAtOnce;
  const auto* first = static_cast<const unsigned char*>(base);
  const std::size_t bytes = Distance::row_bytes(Distance::length(dim));
  const std::size_t ahead = bytes * 4 >= kAheadBytes ? 4 : kAheadBytes / (bytes + 1);
  const auto row_at = SIMILE_EACH(i) { return first + ids[i] * stride; };
  std::size_t prefetched = 0;
  const auto prefetch_ahead = SIMILE_EACH(i) {
    for (; prefetched < count && prefetched < i + kGroup + ahead; ++prefetched) {
      const unsigned char* row = row_at(prefetched);
      for (std::size_t at = 0; at < bytes; at += kCacheLine) prefetch(row + at);
    }
  };
  each_row<Distance, kGroup>(query, count, dim, out, row_at, prefetch_ahead);
}

}  // namespace
}  // namespace simile::kernels
