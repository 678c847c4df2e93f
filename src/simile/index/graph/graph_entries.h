#pragma once
/// Which nodes of a graph are its entries: spread evenly over those that are in it.

#include <utility>

#include "simile/index/graph/graph.h"
#include "simile/index/graph/row_edits.h"

namespace simile::index {

template <class Layout>
void choose_entries(Graph<Layout>& graph, std::size_t nodes, SharedGate* gate) {
  const std::size_t wanted = EntryTable::samples_for(nodes, graph.space.sample_bytes());
  const auto can_be_begun_at = [&](std::size_t i) {
    const auto node = static_cast<std::uint32_t>(i);
    return graph.tree.contains(node) && !graph.tree.is_removed(node);
  };
  std::vector<std::uint32_t> samples;
  for (std::size_t i = 0; i < wanted; ++i) {
    std::size_t node = i * graph.size() / wanted;
    while (node < graph.size() && !can_be_begun_at(node)) ++node;
    if (node == graph.size()) break;
    const auto sample = static_cast<std::uint32_t>(node);
    if (samples.empty() || samples.back() < sample) samples.push_back(sample);
  }
  EntryTable entries;
  entries.rebuild(graph.space, samples);
  change_alone(gate, [&] { std::swap(graph.entries, entries); });
}

}  // namespace simile::index
