#pragma once
/// The sections of a graph; docs/formats/graph.md describes them byte for byte.

#include "simile/index/graph/calibration.h"
#include "simile/index/graph/graph.h"
#include "simile/index/graph/node_map.h"
#include "simile/io/section_file.h"

namespace simile::index {

template <class Layout>
Status write_graph(io::SectionWriter& writer, const NodeMap& map, const Graph<Layout>& graph);

/// Adds nothing where nothing was measured.
Status write_calibration(io::SectionWriter& writer, const Calibration& calibration);

template <class Layout>
struct LoadedGraph {
  NodeMap map;
  Graph<Layout> graph;
  Calibration calibration;
};

/// What the graph in the file was made with; kDataLoss where that makes no sense.
Result<GraphOptions> read_graph_options(const io::SectionReader& reader);

/// Verifies checksums and invariants: kDataLoss where an edge, a row or a size is out of range.
template <class Layout>
Result<LoadedGraph<Layout>> read_graph(const io::SectionReader& reader, VectorType type,
                                       Metric metric, std::size_t rows);

}  // namespace simile::index
