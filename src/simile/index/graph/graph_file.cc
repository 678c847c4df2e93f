#include "simile/index/graph/graph_file.h"

#include <cstring>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::index {

namespace {

constexpr std::uint32_t kDegreeMax = 128;

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::kDataLoss, join_text("the graph is damaged: ", what));
}

Status check_edges(const Adjacency& edges) {
  for (std::size_t node = 0; node < edges.size(); ++node) {
    for (const std::uint32_t target : edges.slots(node)) {
      if (target != kNoNode && target >= edges.size()) return damaged("an edge leads nowhere");
    }
  }
  return {};
}

Result<GraphOptions> read_options(ByteReader& reader) {
  GraphOptions options;
  options.degree = reader.get<std::uint32_t>();
  options.build_effort = reader.get<std::uint32_t>();
  options.seed = reader.get<std::uint64_t>();
  if (!reader.ok() || options.degree == 0 || options.degree > kDegreeMax) {
    return damaged("its options are out of range");
  }
  return options;
}

}  // namespace

Status write_graph(io::SectionWriter& writer, const GraphParts& parts) {
  ByteWriter meta;
  meta.put(parts.core.options.degree);
  meta.put(parts.core.options.build_effort);
  meta.put(parts.core.options.seed);
  meta.put(static_cast<std::uint32_t>(parts.core.entries.size()));
  meta.put_bytes(std::as_bytes(std::span(parts.core.entries)));
  meta.put_bytes(parts.codec);
  ByteWriter map;
  parts.map.write(map);
  SIMILE_TRY(writer.add_section("graph.meta", meta.bytes()));
  SIMILE_TRY(writer.add_section("graph.rows", map.bytes()));
  SIMILE_TRY(writer.add_section("graph.edges", parts.core.edges.bytes()));
  SIMILE_TRY(writer.add_section("graph.parents", std::as_bytes(std::span(parts.core.parents))));
  return writer.add_section("graph.codes", parts.codes);
}

Result<LoadedGraph> read_graph(const io::SectionReader& reader, std::size_t rows) {
  SIMILE_ASSIGN(const auto meta, reader.verified_section("graph.meta"));
  SIMILE_ASSIGN(const auto map_bytes, reader.verified_section("graph.rows"));
  SIMILE_ASSIGN(const auto edges, reader.verified_section("graph.edges"));
  SIMILE_ASSIGN(const auto parents, reader.verified_section("graph.parents"));
  SIMILE_ASSIGN(const auto codes, reader.verified_section("graph.codes"));

  ByteReader meta_reader(meta);
  SIMILE_ASSIGN(const GraphOptions options, read_options(meta_reader));
  ByteReader map_reader(map_bytes);
  SIMILE_ASSIGN(NodeMap map, NodeMap::read(map_reader, rows));
  const std::size_t nodes = map.nodes();

  GraphCore core(options);
  const auto entry_count = meta_reader.get<std::uint32_t>();
  if (entry_count > nodes || (nodes != 0 && entry_count == 0)) return damaged("no entry nodes");
  for (std::uint32_t i = 0; i < entry_count; ++i) {
    core.entries.push_back(meta_reader.get<std::uint32_t>());
    if (core.entries.back() >= nodes) return damaged("an entry node is out of range");
  }
  if (edges.size() != nodes * options.degree * sizeof(std::uint32_t) ||
      parents.size() != nodes * sizeof(std::uint32_t)) {
    return damaged("its edges do not fit its nodes");
  }
  core.edges.resize(nodes);
  core.parents.resize(nodes);
  core.children.resize(nodes);
  if (nodes != 0) {
    std::memcpy(core.edges.bytes().data(), edges.data(), edges.size());
    std::memcpy(core.parents.data(), parents.data(), parents.size());
  }
  SIMILE_TRY(check_edges(core.edges));
  for (std::uint32_t node = 0; node < nodes; ++node) {
    const std::uint32_t parent = core.parents[node];
    if (parent == kNoNode) {
      if (node != core.entries[0]) core.pending.push_back(node);
      continue;
    }
    if (parent >= nodes || core.children[parent] == 255) return damaged("its tree is broken");
    ++core.children[parent];
  }
  const std::span<const std::byte> codec = meta_reader.get_bytes(meta_reader.remaining());
  if (!meta_reader.ok()) return damaged("its description ends too early");
  return LoadedGraph{std::move(map), std::move(core), codec, codes};
}

}  // namespace simile::index
