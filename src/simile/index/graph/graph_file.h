#pragma once
/// The sections of a graph; docs/formats/graph.md describes them byte for byte.

#include <cstddef>
#include <span>

#include "simile/index/graph/graph_core.h"
#include "simile/index/graph/node_map.h"
#include "simile/io/section_file.h"

namespace simile::index {

struct GraphParts {
  const NodeMap& map;
  const GraphCore& core;
  std::span<const std::byte> codec;
  std::span<const std::byte> codes;
};

Status write_graph(io::SectionWriter& writer, const GraphParts& parts);

/// What was read. `codec` and `codes` are borrowed from the reader.
struct LoadedGraph {
  NodeMap map;
  GraphCore core;
  std::span<const std::byte> codec;
  std::span<const std::byte> codes;
};

/// Verifies checksums and invariants: kDataLoss where an edge, a row or a size is out of range.
Result<LoadedGraph> read_graph(const io::SectionReader& reader, std::size_t rows);

}  // namespace simile::index
