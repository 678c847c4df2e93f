#include "simile/db/standalone_state.h"

#include <algorithm>
#include <cstring>

#include "simile/base/check.h"

namespace simile::db {

StandaloneState::StandaloneState(const IndexOptions& index_options)
    : options(index_options), rows(options.type, options.kind == IndexKind::kGraph) {
  if (options.kind == IndexKind::kGraph) {
    graph = index::GraphIndex::create(
        options.type, options.metric,
        {.degree = options.degree, .build_effort = options.build_effort, .seed = options.seed});
  } else {
    flat = index::make_flat(view(), options.metric);
  }
}

index::Rows StandaloneState::view() const { return {rows.view(), inverse_lengths}; }

Status StandaloneState::update_index(const index::BuildContext& context) {
  if (graph) return graph->insert(view(), context);
  flat = index::make_flat(view(), options.metric);
  return {};
}

Status StandaloneState::append(const MatrixView& vectors, std::span<const std::int64_t> new_ids,
                               const index::BuildContext& context) {
  const std::size_t before = live.size();
  const bool changed = rows.append(vectors, context.threads);
  if (options.metric == Metric::kCosine) {
    // Of the rows as they are kept, so that a row is at distance 0 of itself.
    const std::size_t first = changed ? 0 : before;
    inverse_lengths.resize(rows.size());
    index::inverse_lengths(rows.view().slice(first, rows.size() - first),
                           std::span(inverse_lengths).subspan(first));
  }
  if (changed && graph) graph->rebind(view());
  if (new_ids.empty()) {
    ids.append_next(vectors.rows);
  } else {
    for (const std::int64_t id : new_ids) ids.append(id);
  }
  live.resize(before + vectors.rows, true);
  live_count += vectors.rows;
  const Status status = update_index(context);
  if (!status) {
    for (std::size_t row = before; row < live.size(); ++row) {
      ids.remove(RowId{static_cast<std::uint32_t>(row)});
      live.reset(row);
    }
    live_count -= vectors.rows;
  }
  return status;
}

std::uint64_t StandaloneState::remove(std::span<const std::int64_t> gone) {
  std::uint64_t removed = 0;
  for (const std::int64_t id : gone) {
    const RowId row = ids.find(id);
    if (row == kNoRow) continue;
    ids.remove(row);
    live.reset(value_of(row));
    ++removed;
  }
  live_count -= removed;
  return removed;
}

Status StandaloneState::rebuild(const index::BuildContext& context) {
  StandaloneState fresh(options);
  live.for_each([&](std::size_t row) {
    fresh.rows.append_row_of(rows, row);
    fresh.ids.append(ids.id_of(RowId{static_cast<std::uint32_t>(row)}));
    if (!inverse_lengths.empty()) fresh.inverse_lengths.push_back(inverse_lengths[row]);
  });
  fresh.ids.keep_next_id(ids.next_id());
  fresh.live.resize(live_count, true);
  fresh.live_count = live_count;
  SIMILE_TRY(fresh.update_index(context));
  rows = std::move(fresh.rows);
  inverse_lengths = std::move(fresh.inverse_lengths);
  ids = std::move(fresh.ids);
  live = std::move(fresh.live);
  graph = std::move(fresh.graph);
  if (graph) graph->rebind(view());
  if (flat) flat = index::make_flat(view(), options.metric);
  return {};
}

void StandaloneState::search(const MatrixView& queries, const IndexSearchOptions& search_options,
                             std::int64_t* out_ids, float* out_distances) const {
  thread_local std::vector<index::Hit> hits;
  hits.resize(queries.rows * search_options.k);
  const index::SearchOptions inner{.k = search_options.k,
                                   .effort = search_options.effort,
                                   .allowed = dead() == 0 ? nullptr : &live};
  const index::VectorIndex& searched =
      graph ? static_cast<const index::VectorIndex&>(*graph) : *flat;
  searched.search(queries, inner, hits.data());
  for (std::size_t i = 0; i < hits.size(); ++i) {
    out_ids[i] = hits[i].row == kNoRow ? -1 : ids.id_of(hits[i].row);
    out_distances[i] = hits[i].distance;
  }
}

std::uint64_t StandaloneState::memory_bytes() const {
  return rows.memory_bytes() + inverse_lengths.capacity() * sizeof(float) + ids.memory_bytes() +
         live.size() / 8 + (graph ? graph->memory_bytes() : 0);
}

}  // namespace simile::db
