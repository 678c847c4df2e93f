#include "simile/index/graph/node_search.h"

#include "simile/base/check.h"

namespace simile::index {

void FusedSearch::update(const Space& space, GraphCore& core, std::uint32_t threads) {
  std::vector<std::uint32_t> nodes;
  core.changed.for_each(
      [&](std::size_t node) { nodes.push_back(static_cast<std::uint32_t>(node)); });
  rows_.update(space, core, nodes, threads);
  core.changed = Bitmap();
}

Status FusedSearch::load(const io::SectionReader& reader, const Space& space,
                         const GraphCore& core) {
  SIMILE_ASSIGN(const auto bytes, reader.verified_section("graph.fused"));
  rows_ = FusedRows(space.code_dim(), core.options.degree);
  return rows_.assign(bytes, space.size());
}

}  // namespace simile::index
