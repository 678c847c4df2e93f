#pragma once
/// The part that is the same for every target. The including file defines before it:
///   void sum_nibbles(const std::uint8_t* codes, const std::uint8_t* tables, std::size_t groups,
///                    LinesAhead& ahead, std::uint16_t* sums)   kBlockCodes sums over the groups of
///                    one plane

///   void fill_group(const float* q, float inverse_step, std::uint8_t* table)   entry n is
///                    (((q0 + q1) + (q2 + q3)) - lowest) * inverse_step + 0.5, cut to an integer,
///                    of the q whose bits are set in n; lowest the same sum of those below 0

#include "simile/kernels/neighbor_codes.h"
#include "simile/kernels/simd/elements.h"

namespace simile::kernels {
namespace {

// Four bytes of 0 or 1 to four bits, the first the lowest: the product moves byte i to bit 24 + i.
std::uint8_t nibble_of(const std::uint8_t* bits) {
  std::uint32_t word;
  __builtin_memcpy(&word, bits, sizeof word);
  return static_cast<std::uint8_t>(word * 0x01020408u >> 24 & 15u);
}

std::uint32_t estimate(const NeighborBlock& block, const NeighborTables& tables, float base,
                       float bound, LinesAhead ahead, float* out) {
  alignas(64) std::uint16_t sums[kBlockCodes];
  alignas(64) float values[kBlockCodes];
  sum_nibbles(block.codes, tables.tables, block.groups, ahead, sums);
  for (std::size_t i = 0; i < kBlockCodes; ++i) values[i] = static_cast<float>(sums[i]);
  if (block.planes == 2) {
    sum_nibbles(block.codes + block.groups * kGroupBytes, tables.tables, block.groups, ahead, sums);
    // Two sums of 16 bits may need 17, so planes meet as floats, which hold them exactly.
    for (std::size_t i = 0; i < kBlockCodes; ++i) {
      values[i] = values[i] * 2 + static_cast<float>(sums[i]);
    }
  }
  while (ahead.lines > 0) ask_for_line(ahead);
  const Lanes::Floats scale = Lanes::broadcast(&tables.scale);
  const Lanes::Floats offset = Lanes::broadcast(&tables.offset);
  const Lanes::Floats start = Lanes::broadcast(&base);
  const auto* addends = reinterpret_cast<const Float16*>(block.addends);
  const auto* factors = reinterpret_cast<const Float16*>(block.factors);
  const Lanes::Floats limit = Lanes::broadcast(&bound);
  std::uint32_t below = 0;
  for (std::size_t i = 0; i < kBlockCodes; i += Lanes::kFloats) {
    // No fused operations: graphs are built by estimates too, and are the same on every machine.
    const Lanes::Floats product = Lanes::add(Lanes::mul(Lanes::load(values + i), scale), offset);
    const Lanes::Floats fixed = Lanes::add(start, Lanes::load(addends + i));
    const Lanes::Floats distance =
        Lanes::max(Lanes::add(Lanes::mul(product, Lanes::load(factors + i)), fixed), Lanes::zero());
    Lanes::store(out + i, distance);
    below |= Lanes::below(distance, limit) << i;
  }
  return below;
}

Products multiply(const std::int8_t* code, const std::int8_t* other, std::size_t dim) {
  constexpr std::size_t kShorts = 2 * Lanes::kFloats;
  Lanes::Ints with_other[2] = {Lanes::zero_ints(), Lanes::zero_ints()};
  Lanes::Ints with_itself[2] = {Lanes::zero_ints(), Lanes::zero_ints()};
  const auto add = [&](std::size_t sum, Lanes::Shorts a, Lanes::Shorts b) {
    with_other[sum] = Lanes::dot_add(with_other[sum], a, b);
    with_itself[sum] = Lanes::dot_add(with_itself[sum], a, a);
  };
  std::size_t at = 0;
  for (; at + 2 * kShorts <= dim; at += 2 * kShorts) {
    add(0, Lanes::load_shorts(code + at), Lanes::load_shorts(other + at));
    add(1, Lanes::load_shorts(code + at + kShorts), Lanes::load_shorts(other + at + kShorts));
  }
  for (; at < dim; at += kShorts) {
    const std::size_t n = dim - at < kShorts ? dim - at : kShorts;
    add(0, Lanes::load_shorts_first(code + at, n), Lanes::load_shorts_first(other + at, n));
  }
  const auto sum = [](const Lanes::Ints(&sums)[2]) {
    return static_cast<std::int32_t>(Lanes::sum(Lanes::add(sums[0], sums[1])));
  };
  return {sum(with_other), sum(with_itself)};
}

constexpr std::size_t kPart = 256;  // components whose sums fit 32 bits

// Plain loops over arrays, which the compiler turns into vectors of the target.
Difference measure_difference(const std::int8_t* from, const std::int8_t* to, std::size_t dim) {
  Difference all{0, 0};
  for (std::size_t at = 0; at < dim; at += kPart) {
    const std::size_t count = dim - at < kPart ? dim - at : kPart;
    std::int32_t magnitude = 0;
    std::int32_t squared = 0;
    for (std::size_t d = at; d < at + count; ++d) {
      const std::int32_t r = to[d] - from[d];
      magnitude += r < 0 ? -r : r;
      squared += r * r;
    }
    all.magnitude += magnitude;
    all.squared += squared;
  }
  return all;
}

CodeProducts code_difference(const std::int8_t* from, const std::int8_t* to, std::size_t dim,
                             std::int32_t outer, std::size_t planes, std::uint8_t* nibbles) {
  const bool two = planes == 2;
  const std::size_t groups = dim / kGroupDims;
  CodeProducts products{0, 0};
  for (std::size_t at = 0; at < dim; at += kPart) {
    const std::size_t count = dim - at < kPart ? dim - at : kPart;
    alignas(64) std::uint8_t high[kPart];
    alignas(64) std::uint8_t low[kPart];
    std::int32_t with_difference = 0;
    std::int32_t with_from = 0;
    for (std::size_t d = 0; d < count; ++d) {
      const std::int32_t c = from[at + d];
      const std::int32_t r = to[at + d] - c;
      const std::int32_t size = r < 0 ? -r : r;
      const std::int32_t far = (size > outer) & two;
      const std::int32_t sign = r < 0 ? -1 : 1;
      const std::int32_t x = sign * (1 + 2 * far);
      with_difference += x * r;
      with_from += x * c;
      // Two planes: x = 2u - 3 for the number u of both bits. One: x = 2u - 1.
      high[d] = static_cast<std::uint8_t>(r >= 0);
      low[d] = static_cast<std::uint8_t>((r >= 0) == (far != 0));
    }
    products.with_difference += with_difference;
    products.with_from += with_from;
    for (std::size_t g = 0; g < count / kGroupDims; ++g) {
      nibbles[at / kGroupDims + g] = nibble_of(high + g * kGroupDims);
      if (two) nibbles[groups + at / kGroupDims + g] = nibble_of(low + g * kGroupDims);
    }
  }
  return products;
}

// Sixteen partial sums, on every target in the same order.
using Sixteen [[gnu::vector_size(64)]] = float;

float sum_of(Sixteen partial) {
  float sum = 0;
  for (std::size_t i = 0; i < 16; ++i) sum += partial[i];
  return sum;
}

QueryRange range_of(const float* query, std::size_t groups) {
  Sixteen sums{};
  Sixteen below{};
  Sixteen widest{};
  for (std::size_t at = 0; at < groups * kGroupDims; at += 16) {
    Sixteen q;
    __builtin_memcpy(&q, query + at, sizeof q);
    const Sixteen negative = q < 0 ? q : Sixteen{};
    sums += q;
    below += negative;
    const Sixteen sizes = q < 0 ? -q : q;
    const Sixteen pairs = sizes + __builtin_shufflevector(sizes, sizes, 1, 0, 3, 2, 5, 4, 7, 6, 9,
                                                          8, 11, 10, 13, 12, 15, 14);
    const Sixteen ranges = pairs + __builtin_shufflevector(pairs, pairs, 2, 3, 0, 1, 6, 7, 4, 5, 10,
                                                           11, 8, 9, 14, 15, 12, 13);
    widest = ranges > widest ? ranges : widest;
  }
  QueryRange range{sum_of(sums), sum_of(below), 0};
  for (std::size_t i = 0; i < 16; ++i)
    range.widest = widest[i] > range.widest ? widest[i] : range.widest;
  return range;
}

void fill_tables(const float* query, std::size_t groups, float inverse_step, std::uint8_t* tables) {
  for (std::size_t g = 0; g < groups; ++g) {
    fill_group(query + g * kGroupDims, inverse_step, tables + g * kGroupBytes);
  }
}

constexpr NeighborCodeFunctions kNeighborCodesOfTarget = {
    estimate, range_of, fill_tables, multiply, measure_difference, code_difference};

}  // namespace
}  // namespace simile::kernels
