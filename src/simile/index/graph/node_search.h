#pragma once
/// How a query finds its nearest nodes in a graph: over fused rows where vectors have int8 codes,
/// over the codes themselves where they are bits.
///
/// Both offer: update(), after nodes were inserted; nearest(), which leaves in `out` at least
/// `wanted` nodes for which counts(node) holds, where the walk found as many, nearest first; save()
/// and load() of the sections of their own; memory_bytes(). Searches may run together.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "simile/index/graph/fused_walk.h"
#include "simile/io/section_file.h"
#include "simile/quantization/bit_space.h"

namespace simile::index {

class CodeSearch {
 public:
  using Space = quantization::BitSpace;
  struct Scratch {
    WalkScratch walk;
    Space::QueryBuffer query;
  };

  CodeSearch(const Space&, const GraphCore&) {}

  void update(const Space&, GraphCore& core, std::uint32_t) { core.changed = Bitmap(); }

  template <class Counts>
  void nearest(const Space& space, const GraphCore& core, const void* query, std::size_t effort,
               std::size_t, const Counts& counts, Scratch& scratch,
               std::vector<std::uint32_t>& out) const {
    const auto scorer = space.query_scorer(query, scratch.query);
    walk_codes(core.edges, scorer, core.entries, effort, counts, scratch.walk);
    out.clear();
    for (const Beam::Entry& entry : scratch.walk.beam.entries()) {
      if (entry.counts) out.push_back(entry.node);
    }
  }

  Status save(io::SectionWriter&) const { return {}; }
  Status load(const io::SectionReader&, const Space&, const GraphCore&) { return {}; }
  std::uint64_t memory_bytes() const { return 0; }
};

class FusedSearch {
 public:
  using Space = quantization::Int8Space;
  using Scratch = FusedScratch;

  FusedSearch(const Space& space, const GraphCore& core)
      : rows_(space.code_dim(), core.options.degree) {}

  /// Makes anew the rows of core.changed, and empties it.
  void update(const Space& space, GraphCore& core, std::uint32_t threads);

  template <class Counts>
  void nearest(const Space& space, const GraphCore& core, const void* query, std::size_t effort,
               std::size_t wanted, const Counts& counts, Scratch& scratch,
               std::vector<std::uint32_t>& out) const {
    space.prepare(query, scratch.query);
    rows_.codec().prepare(scratch.query.projected(), scratch.tables);
    scratch.beam.reset(effort);
    const float inverse_unit = 1.0f / rows_.codec().unit();
    for (const std::uint32_t entry : core.entries) {
      const float distance =
          scratch.query.distance(space.code(entry), space.squared(entry)) * inverse_unit;
      if (distance < scratch.beam.bound()) scratch.beam.insert(distance, entry, counts(entry));
    }
    walk_fused(rows_, counts, scratch);
    const std::size_t kept = std::min(wanted, scratch.found.size());
    std::partial_sort(scratch.found.begin(),
                      scratch.found.begin() + static_cast<std::ptrdiff_t>(kept),
                      scratch.found.end());
    out.clear();
    for (std::size_t i = 0; i < kept; ++i) out.push_back(scratch.found[i].node);
  }

  Status save(io::SectionWriter& writer) const {
    return writer.add_section("graph.fused", rows_.bytes());
  }
  Status load(const io::SectionReader& reader, const Space& space, const GraphCore& core);
  std::uint64_t memory_bytes() const { return rows_.bytes().size(); }

 private:
  FusedRows rows_;
};

}  // namespace simile::index
