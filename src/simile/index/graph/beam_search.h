#pragma once
/// The one walk through a graph: building, searching and filtering all use it.
///
/// 1. Where it begins was put into the beam.
/// 2. The nearest entries of the beam that were not expanded are taken, kAtOnce of them, and each
/// is
///    expanded: the expander puts those of its neighbours that are near enough into the beam.
///    Several at once, so that their memory, and the translations of its addresses, are waited for
///    together; nothing is asked for on a guess, since a guess is wrong too often to pay for its
///    lines.
/// 3. Until every entry of the beam is expanded.
/// Source: Subramanya et al., "DiskANN" (NeurIPS 2019), algorithm 1.

#include <array>
#include <cstdint>

#include "simile/index/graph/beam.h"
#include "simile/index/graph/node_layout.h"

namespace simile::index {

/// `Expander` has: kAtOnce; touch(node), which asks for the begin of its memory; prefetch(node),
/// for all of it; expand(node, next), which inserts into `beam`, and prefetches `next`, kNoNode if
/// none; settle(), which inserts what expand() has left for later.

/// Step 2: how many were taken.
template <class Expander, std::size_t kAtOnce>
std::size_t take_nearest(Beam& beam, const Expander& expander,
                         std::array<std::uint32_t, kAtOnce>& nodes) {
  std::size_t taken = 0;
  while (taken < nodes.size()) {
    const Beam::Entry* next = beam.expand_next();
    if (next == nullptr) break;
    nodes[taken] = next->node();
    expander.touch(nodes[taken]);
    ++taken;
  }
  return taken;
}

template <class Expander>
void walk(Expander& expander, Beam& beam) {
  std::array<std::uint32_t, Expander::kAtOnce> nodes;
  while (const std::size_t taken = take_nearest(beam, expander, nodes)) {
    expander.prefetch(nodes[0]);
    for (std::size_t i = 0; i < taken; ++i) {
      expander.expand(nodes[i], i + 1 < taken ? nodes[i + 1] : kNoNode);
    }
    expander.settle();
  }
}

}  // namespace simile::index
