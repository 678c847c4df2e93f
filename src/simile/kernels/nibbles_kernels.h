#pragma once
/// Written over a struct Nibbles, which the including file defines:
///   kBytes                bytes of a register
///   Bytes, Sums           registers of bytes, and of int32 lanes; zero() of the latter
///   load(p), load_half(p) kBytes bytes, or kBytes / 2 and zeros (only where kBytes is 64)
///   low(b), high(b)       the nibbles, one a byte
///   difference(a, b)      |a - b| of bytes below 16
///   shifted(u)            u - 15
///   dot(sum, u, s)        adds products of u in [0, 15] and signed s
///   total(sums, out)      out[r] = the sum of the lanes of sums[r], four of them
///
/// Four rows go side by side, so that the latency of one row's sums hides behind the others.

#include "simile/kernels/nibbles.h"
#include "simile/kernels/simd/unroll.h"

namespace simile::kernels {
namespace {

inline constexpr std::size_t kNibbleRows = 4;
using NibbleRows = const std::uint8_t* const (&)[kNibbleRows];

/// Calls step(at, load) for each register of a code of `bytes` bytes.
template <class Of = Nibbles, class Step>
[[gnu::always_inline]] inline void each_register(std::size_t bytes, const Step& step) {
  const auto load = [](const void* from) __attribute__((always_inline)) { return Of::load(from); };
  std::size_t at = 0;
  for (; at + Of::kBytes <= bytes; at += Of::kBytes) step(at, load);
  if constexpr (Of::kBytes > 32) {
    const auto half = [](const void* from) __attribute__((always_inline)) {
      return Of::load_half(from);
    };
    if (at < bytes) step(at, half);
  }
}

[[gnu::always_inline]] inline void query_rows(const NibbleQuery& query, NibbleRows rows,
                                              std::size_t bytes, float* out) {
  Nibbles::Sums products[kNibbleRows];
  Nibbles::Sums squares[kNibbleRows];
  unroll<kNibbleRows>(SIMILE_EACH(r) {
    products[r] = Nibbles::zero();
    squares[r] = Nibbles::zero();
  });
  each_register(
      bytes, [&](std::size_t at, auto load) __attribute__((always_inline)) {
        const auto first = load(query.code + at);
        const auto second = load(query.code + bytes + at);
        unroll<kNibbleRows>(SIMILE_EACH(r) {
          const auto code = load(rows[r] + at);
          const auto low = Nibbles::low(code);
          const auto high = Nibbles::high(code);
          products[r] = Nibbles::dot(Nibbles::dot(products[r], low, first), high, second);
          squares[r] = Nibbles::dot(Nibbles::dot(squares[r], low, Nibbles::shifted(low)), high,
                                    Nibbles::shifted(high));
        });
      });
  std::int32_t product[kNibbleRows];
  std::int32_t square[kNibbleRows];
  Nibbles::total(products, product);
  Nibbles::total(squares, square);
  for (std::size_t r = 0; r < kNibbleRows; ++r) {
    const float distance = (query.base + static_cast<float>(square[r])) -
                           query.factor * static_cast<float>(product[r]);
    out[r] = distance > 0 ? distance : 0;
  }
}

[[gnu::always_inline]] inline void l2_rows(const std::uint8_t* query, NibbleRows rows,
                                           std::size_t bytes, float* out) {
  Nibbles::Sums sums[kNibbleRows];
  unroll<kNibbleRows>(SIMILE_EACH(r) { sums[r] = Nibbles::zero(); });
  each_register(
      bytes, [&](std::size_t at, auto load) __attribute__((always_inline)) {
        const auto own = load(query + at);
        const auto own_low = Nibbles::low(own);
        const auto own_high = Nibbles::high(own);
        unroll<kNibbleRows>(SIMILE_EACH(r) {
          const auto code = load(rows[r] + at);
          const auto low = Nibbles::difference(own_low, Nibbles::low(code));
          const auto high = Nibbles::difference(own_high, Nibbles::high(code));
          sums[r] = Nibbles::dot(Nibbles::dot(sums[r], low, low), high, high);
        });
      });
  std::int32_t total[kNibbleRows];
  Nibbles::total(sums, total);
  for (std::size_t r = 0; r < kNibbleRows; ++r) out[r] = static_cast<float>(total[r]);
}

/// Calls four(rows, out) for row_at(0), ..., row_at(count - 1); the last four may repeat a row.
template <class RowAt, class Four>
[[gnu::always_inline]] inline void each_four(std::size_t count, const RowAt& row_at, float* out,
                                             const Four& four) {
  std::size_t i = 0;
  for (; i + kNibbleRows <= count; i += kNibbleRows) {
    const std::uint8_t* const rows[] = {row_at(i), row_at(i + 1), row_at(i + 2), row_at(i + 3)};
    four(rows, out + i);
  }
  if (i == count) return;
  const auto last = [&](std::size_t r) { return row_at(i + r < count ? i + r : i); };
  const std::uint8_t* const rows[] = {last(0), last(1), last(2), last(3)};
  float distances[kNibbleRows];
  four(rows, distances);
  for (std::size_t r = 0; i < count; ++i, ++r) out[i] = distances[r];
}

void scan_query(const NibbleQuery& query, const void* codes, std::size_t stride, std::size_t count,
                std::size_t bytes, float* out) {
  const auto* first = static_cast<const std::uint8_t*>(codes);
  each_four(
      count, SIMILE_EACH(i) { return first + i * stride; }, out,
      [&](NibbleRows rows, float* to)
          __attribute__((always_inline)) { query_rows(query, rows, bytes, to); });
}

void gather_query(const NibbleQuery& query, const void* base, std::size_t stride,
                  const std::uint32_t* ids, std::size_t count, std::size_t bytes, float* out) {
  const auto* first = static_cast<const std::uint8_t*>(base);
  each_four(
      count, SIMILE_EACH(i) { return first + ids[i] * stride; }, out,
      [&](NibbleRows rows, float* to)
          __attribute__((always_inline)) { query_rows(query, rows, bytes, to); });
}

void scan_l2(const void* code, const void* codes, std::size_t stride, std::size_t count,
             std::size_t bytes, float* out) {
  const auto* own = static_cast<const std::uint8_t*>(code);
  const auto* first = static_cast<const std::uint8_t*>(codes);
  each_four(
      count, SIMILE_EACH(i) { return first + i * stride; }, out,
      [&](NibbleRows rows, float* to)
          __attribute__((always_inline)) { l2_rows(own, rows, bytes, to); });
}

void gather_l2(const void* code, const void* base, std::size_t stride, const std::uint32_t* ids,
               std::size_t count, std::size_t bytes, float* out) {
  const auto* own = static_cast<const std::uint8_t*>(code);
  const auto* first = static_cast<const std::uint8_t*>(base);
  each_four(
      count, SIMILE_EACH(i) { return first + ids[i] * stride; }, out,
      [&](NibbleRows rows, float* to)
          __attribute__((always_inline)) { l2_rows(own, rows, bytes, to); });
}

// A plain loop, which the compiler turns into vectors of the target.
void encode_nibbles(const float* x, float inverse_step, std::size_t bytes, std::uint8_t* code) {
  const auto number = [inverse_step](float value) {
    float u = value * inverse_step + 8.0f;
    u = u > 0.0f ? u : 0.0f;
    u = u < 15.0f ? u : 15.0f;
    return static_cast<std::int32_t>(u);
  };
  for (std::size_t i = 0; i < bytes; ++i) {
    code[i] = static_cast<std::uint8_t>(number(x[i]) | number(x[bytes + i]) << 4);
  }
}

constexpr NibbleFunctions kNibblesOfTarget = {scan_query, gather_query, scan_l2, gather_l2,
                                              encode_nibbles};

}  // namespace
}  // namespace simile::kernels
