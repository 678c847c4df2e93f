#include "simile/index/graph/graph_file.h"

#include <cstring>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/quantization/exact_scorer.h"

namespace simile::index {

namespace {

constexpr std::uint32_t kDegreeMax = 128;

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::kDataLoss, join_text("the graph is damaged: ", what));
}

template <class Layout>
Status check_edges(const Graph<Layout>& graph, std::size_t nodes) {
  for (std::uint32_t node = 0; node < nodes; ++node) {
    const std::uint32_t* ids = graph.ids(node);
    for (std::size_t i = 0; i < graph.layout.places(); ++i) {
      if (ids[i] != kNoNode && ids[i] >= nodes) return damaged("an edge leads nowhere");
    }
  }
  return {};
}

Result<GraphOptions> read_options(ByteReader& reader) {
  GraphOptions options;
  options.degree = reader.get<std::uint8_t>();
  const auto optimize = reader.get<std::uint8_t>();
  const auto unused = reader.get<std::uint16_t>();
  options.optimize = static_cast<Optimize>(optimize);
  options.build_effort = reader.get<std::uint32_t>();
  options.seed = reader.get<std::uint64_t>();
  if (!reader.ok() || options.degree == 0 || options.degree > kDegreeMax ||
      optimize > static_cast<std::uint8_t>(Optimize::kMemory) || unused != 0) {
    return damaged("its options are out of range");
  }
  return options;
}

Result<std::vector<std::uint32_t>> read_nodes(ByteReader& reader, std::size_t nodes) {
  const auto count = reader.get<std::uint32_t>();
  if (count > nodes) return damaged("it has more entries than nodes");
  std::vector<std::uint32_t> out(count);
  for (std::uint32_t& node : out) {
    node = reader.get<std::uint32_t>();
    if (node >= nodes) return damaged("an entry is out of range");
  }
  return out;
}

// Fills the tree from the parents of all nodes.
Status read_tree(std::span<const std::byte> parents, std::size_t nodes, GraphTree& tree) {
  if (parents.size() != nodes * sizeof(std::uint32_t)) return damaged("its tree does not fit");
  if (nodes == 0) return {};
  if (tree.root >= nodes) return damaged("its root is out of range");
  tree.parents.resize(nodes);
  tree.children.resize(nodes);
  std::memcpy(tree.parents.data(), parents.data(), parents.size());
  for (std::uint32_t node = 0; node < nodes; ++node) {
    const std::uint32_t parent = tree.parents[node];
    if (parent == kNoNode) {
      if (node != tree.root) tree.pending.push_back(node);
      continue;
    }
    if (parent >= nodes || tree.children[parent] == 255) return damaged("its tree is broken");
    ++tree.children[parent];
  }
  return {};
}

}  // namespace

template <class Layout>
Status write_graph(io::SectionWriter& writer, const NodeMap& map, const Graph<Layout>& graph) {
  ByteWriter meta;
  meta.put(static_cast<std::uint8_t>(graph.options.degree));
  meta.put(static_cast<std::uint8_t>(graph.options.optimize));
  meta.put(std::uint16_t{0});
  meta.put(graph.options.build_effort);
  meta.put(graph.options.seed);
  meta.put(graph.tree.root);
  const std::vector<std::uint32_t> entries = graph.entries.samples();
  meta.put(static_cast<std::uint32_t>(entries.size()));
  meta.put_bytes(std::as_bytes(std::span(entries)));
  graph.space.write(meta);
  ByteWriter rows;
  map.write(rows);
  SIMILE_TRY(writer.add_section("graph.meta", meta.bytes()));
  SIMILE_TRY(writer.add_section("graph.rows", rows.bytes()));
  SIMILE_TRY(writer.add_section("graph.parents", std::as_bytes(std::span(graph.tree.parents))));
  return writer.add_section("graph.nodes", graph.space.rows());
}

Status write_calibration(io::SectionWriter& writer, const Calibration& calibration) {
  if (calibration.empty()) return {};
  ByteWriter bytes;
  calibration.write(bytes);
  return writer.add_section("graph.calibration", bytes.bytes());
}

Result<GraphOptions> read_graph_options(const io::SectionReader& reader) {
  SIMILE_ASSIGN(const auto meta, reader.verified_section("graph.meta"));
  ByteReader meta_reader(meta);
  return read_options(meta_reader);
}

template <class Layout>
Result<LoadedGraph<Layout>> read_graph(const io::SectionReader& reader, VectorType type,
                                       Metric metric, std::size_t rows) {
  SIMILE_ASSIGN(const auto meta, reader.verified_section("graph.meta"));
  SIMILE_ASSIGN(const auto map_bytes, reader.verified_section("graph.rows"));
  SIMILE_ASSIGN(const auto parents, reader.verified_section("graph.parents"));
  SIMILE_ASSIGN(const auto node_bytes, reader.verified_section("graph.nodes"));

  ByteReader meta_reader(meta);
  SIMILE_ASSIGN(const GraphOptions options, read_options(meta_reader));
  ByteReader map_reader(map_bytes);
  SIMILE_ASSIGN(NodeMap map, NodeMap::read(map_reader, rows));
  const std::size_t nodes = map.nodes();
  Graph<Layout> graph(type, metric, options);
  graph.tree.root = meta_reader.get<std::uint32_t>();
  SIMILE_ASSIGN(const std::vector<std::uint32_t> entries, read_nodes(meta_reader, nodes));
  if (nodes != 0 && entries.empty()) return damaged("it has no entries");
  SIMILE_TRY(read_tree(parents, nodes, graph.tree));
  SIMILE_TRY(graph.space.read(meta_reader, node_bytes, nodes));
  if (!meta_reader.ok()) return damaged("its description ends too early");
  SIMILE_TRY(check_edges(graph, nodes));
  graph.entries.rebuild(graph.space, entries);
  LoadedGraph<Layout> loaded{std::move(map), std::move(graph), {}};
  if (reader.contains("graph.calibration")) {
    SIMILE_ASSIGN(const auto calibration, reader.verified_section("graph.calibration"));
    if (!loaded.calibration.read(calibration, quantization::query_type(type).bytes())) {
      return damaged("its calibration makes no sense");
    }
  }
  return loaded;
}

#define SIMILE_GRAPH_FILE_OF(Layout)                                                            \
  template Status write_graph(io::SectionWriter&, const NodeMap&, const Graph<Layout>&);        \
  template Result<LoadedGraph<Layout>> read_graph(const io::SectionReader&, VectorType, Metric, \
                                                  std::size_t);
SIMILE_GRAPH_FILE_OF(FusedLayout)
SIMILE_GRAPH_FILE_OF(BitLayout)
SIMILE_GRAPH_FILE_OF(Int4Layout)

}  // namespace simile::index
