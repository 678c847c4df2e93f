#pragma once
/// Loops over registers.

#include <cstddef>
#include <utility>

namespace simile::kernels {
namespace {

template <std::size_t kIndex>
struct Index {
  constexpr operator std::size_t() const { return kIndex; }
};

/// Calls body(Index<0>), ..., body(Index<kCount - 1>). An array of registers stays in registers
/// only where gcc 12 sees every index as a constant before its first pass over arrays; loops that
/// it unrolls itself come too late, and a tile of sums was then stored at each step, at half the
/// speed.
template <std::size_t kCount, class Body>
[[gnu::always_inline]] inline void unroll(const Body& body) {
  [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) __attribute__((always_inline)) {
    (body(Index<kIndex>{}), ...);
  }
  (std::make_index_sequence<kCount>{});
}

}  // namespace
}  // namespace simile::kernels

/// The head of a lambda for unroll(), which has to be inlined: unroll<4>(SIMILE_EACH(i) { ... });
#define SIMILE_EACH(index) [&](auto index) __attribute__((always_inline))
