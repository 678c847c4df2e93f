#include "simile/db/standalone_state.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "simile/base/check.h"
#include "simile/base/free_memory.h"

namespace simile::db {

namespace {

constexpr std::size_t kShrinkAbove = 1024;
constexpr std::size_t kLargeBytes = std::size_t{32} << 20;
constexpr std::size_t kIdsAtOnce = 4096;  // while searches wait

}  // namespace

StandaloneState::StandaloneState(const IndexOptions& index_options)
    : options(index_options),
      rows(options.type, options.kind == IndexKind::kGraph, scratch_folder(options)) {
  if (options.kind == IndexKind::kGraph) {
    graph = make_graph();
  } else {
    flat = index::make_flat(view(), options.metric);
  }
}

std::unique_ptr<index::GraphIndex> StandaloneState::make_graph() const {
  return index::GraphIndex::create(options.type, options.metric,
                                   {.degree = options.degree,
                                    .build_effort = options.build_effort,
                                    .seed = options.seed,
                                    .optimize = options.optimize});
}

std::string StandaloneState::scratch_folder(const IndexOptions& options) {
  if (options.kind != IndexKind::kGraph || options.optimize != Optimize::kMemory) return "";
  if (!options.folder.empty()) return options.folder;
  const char* named = std::getenv("TMPDIR");
  return named != nullptr && *named != 0 ? named : "/var/tmp";
}

index::Rows StandaloneState::view() const { return {rows.view(), inverse_lengths, rows.on_disk()}; }

// Those of removed rows first, ascending.
std::vector<std::uint32_t> StandaloneState::places_for(std::size_t count) const {
  std::vector<std::uint32_t> places;
  places.reserve(count);
  const auto words = live.words();
  for (std::size_t w = 0; w < words.size() && dead() != 0; ++w) {
    for (std::uint64_t bits = ~words[w]; bits != 0 && places.size() < count; bits &= bits - 1) {
      const std::size_t place = w * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      if (place < live.size()) places.push_back(static_cast<std::uint32_t>(place));
    }
    if (places.size() == count) break;
  }
  for (std::size_t place = live.size(); places.size() < count; ++place) {
    places.push_back(static_cast<std::uint32_t>(place));
  }
  return places;
}

// Puts rows and ids in their places, where nobody finds them yet.
void StandaloneState::hold(const MatrixView& vectors, std::span<const std::uint32_t> places,
                           std::span<const std::int64_t> new_ids, std::uint32_t threads) {
  const ElementType element = rows.type_with(vectors);
  const std::size_t count = std::max<std::size_t>(rows.size(), places.back() + 1);
  const bool cosine = options.metric == Metric::kCosine;
  {
    const std::lock_guard alone(gate);
    const bool changed = rows.size() != 0 && element != rows.stored_type().element;
    const std::size_t before = rows.size();
    rows.resize(element, count, threads);
    if (cosine) inverse_lengths.resize(count);
    if (changed && cosine) index::inverse_lengths(rows.view().slice(0, before), inverse_lengths);
    if (graph) graph->rebind(view());  // they may lie elsewhere now
    live.resize(count);
    if (flat) flat = index::make_flat(view(), options.metric);
  }
  rows.write(vectors, places, threads);
  for (const std::uint32_t place : places) {
    // Of the row as it is kept, so that it is at distance 0 of itself.
    if (cosine) {
      index::inverse_lengths(rows.view().slice(place, 1),
                             std::span(inverse_lengths).subspan(place, 1));
    }
  }
  for (std::size_t first = 0; first < places.size(); first += kIdsAtOnce) {
    const std::lock_guard alone(gate);
    for (std::size_t i = first; i < std::min(first + kIdsAtOnce, places.size()); ++i) {
      const std::int64_t id = new_ids.empty() ? ids.next_id() : new_ids[i];
      if (places[i] == ids.rows()) {
        ids.append(id);
      } else {
        ids.replace(RowId{places[i]}, id);
      }
    }
  }
}

Status StandaloneState::append(const MatrixView& vectors, std::span<const std::int64_t> new_ids,
                               const index::BuildContext& context) {
  const std::vector<std::uint32_t> places = places_for(vectors.rows);
  const std::size_t rows_before = live.size();
  const std::int64_t next_id = ids.next_id();
  hold(vectors, places, new_ids, context.threads);
  const Status status = index_rows(places, context);
  if (!status) {
    take_back(places, rows_before, next_id);
  }
  if (vectors.rows * options.type.bytes() > kLargeBytes) give_back_free_memory();
  rows.release_pages();
  if (!status) return status;
  const std::lock_guard alone(gate);
  for (const std::uint32_t place : places) live.set(place);
  live_count += places.size();
  return {};
}

Status StandaloneState::index_rows(std::span<const std::uint32_t> places,
                                   index::BuildContext context) {
  if (!graph) return {};
  if (live_count != 0) {
    context.gate = &gate;
    return graph->insert(view(), places, context);
  }
  // The first rows: nobody searches what is not there yet.
  auto fresh = make_graph();
  SIMILE_TRY(fresh->insert(view(), places, context));
  const std::lock_guard alone(gate);
  graph = std::move(fresh);
  return {};
}

void StandaloneState::take_back(std::span<const std::uint32_t> places, std::size_t rows_before,
                                std::int64_t next_id) {
  if (live_count == 0) return forget_all(next_id);
  CancelToken stop;
  stop.cancel();  // what is left of them in the graph is taken out by the next who changes it
  (void)graph->remove(places, {.threads = 1, .cancel = &stop, .gate = &gate});
  const std::lock_guard alone(gate);
  for (const std::uint32_t place : places) {
    if (place < rows_before) ids.remove(RowId{place});
  }
  ids.truncate(rows_before, next_id);
  rows.resize(rows.stored_type().element, rows_before, 1);
  if (!inverse_lengths.empty()) inverse_lengths.resize(rows_before);
  live.resize(rows_before);
  graph->rebind(view());
}

void StandaloneState::forget_all(std::int64_t next_id) {
  StandaloneState fresh(options);
  const std::lock_guard alone(gate);
  rows = std::move(fresh.rows);
  inverse_lengths = {};
  ids = IdTable();
  ids.keep_next_id(next_id);
  live = Bitmap();
  live_count = 0;
  graph = std::move(fresh.graph);
  flat = std::move(fresh.flat);
  if (flat) flat = index::make_flat(view(), options.metric);
}

std::uint64_t StandaloneState::remove(std::span<const std::int64_t> gone,
                                      const index::BuildContext& context) {
  std::vector<std::uint32_t> places;
  for (std::size_t first = 0; first < gone.size(); first += kIdsAtOnce) {
    const std::lock_guard alone(gate);
    for (std::size_t i = first; i < std::min(first + kIdsAtOnce, gone.size()); ++i) {
      const RowId row = ids.find(gone[i]);
      if (row == kNoRow) continue;
      ids.remove(row);
      live.reset(value_of(row));
      --live_count;
      places.push_back(value_of(row));
    }
  }
  if (places.empty()) return 0;
  if (live_count == 0) {
    forget_all(ids.next_id());
  } else if (graph) {
    std::ranges::sort(places);
    index::BuildContext beside_searches = context;
    beside_searches.gate = &gate;
    CancelToken later;
    if (mostly_unused(0)) {  // to build anew what is left is less work than to lead edges past
      later.cancel();
      beside_searches.cancel = &later;
    }
    // Cancelled: the rest is done by the next who changes the graph.
    (void)graph->remove(places, beside_searches);
    (void)shrink(0, context);
  }
  return places.size();
}

// If `more` rows come.
bool StandaloneState::mostly_unused(std::size_t more) const {
  return dead() > kShrinkAbove && dead() > live_count + 2 * more;
}

Status StandaloneState::shrink(std::size_t more, const index::BuildContext& context) {
  if (!mostly_unused(more)) return {};
  StandaloneState fresh(options);
  live.for_each([&](std::size_t row) {
    fresh.rows.append_row_of(rows, row);
    fresh.ids.append(ids.id_of(RowId{static_cast<std::uint32_t>(row)}));
    if (!inverse_lengths.empty()) fresh.inverse_lengths.push_back(inverse_lengths[row]);
  });
  fresh.ids.keep_next_id(ids.next_id());
  if (graph) SIMILE_TRY(fresh.graph->insert(fresh.view(), context));
  const std::lock_guard alone(gate);
  rows = std::move(fresh.rows);
  inverse_lengths = std::move(fresh.inverse_lengths);
  ids = std::move(fresh.ids);
  live = Bitmap(live_count, true);
  graph = std::move(fresh.graph);
  if (graph) graph->rebind(view());
  if (flat) flat = index::make_flat(view(), options.metric);
  return {};
}

void StandaloneState::search(const MatrixView& queries, const IndexSearchOptions& search_options,
                             std::int64_t* out_ids, float* out_distances) const {
  thread_local std::vector<index::Hit> hits;
  hits.resize(queries.rows * search_options.k);
  index::SearchOptions inner{.k = search_options.k, .effort = search_options.effort};
  if (graph) {
    graph->search(queries, inner, hits.data());
  } else {
    if (dead() != 0) inner.allowed = &live;
    flat->search(queries, inner, hits.data());
  }
  for (std::size_t i = 0; i < hits.size(); ++i) {
    out_ids[i] = hits[i].row == kNoRow ? -1 : ids.id_of(hits[i].row);
    out_distances[i] = hits[i].distance;
  }
}

MemoryEstimate StandaloneState::estimate(std::uint64_t count) const {
  MemoryEstimate bytes;
  bytes.held = IdTable::bytes_for(count) + count / 8;
  if (!rows.on_disk()) {
    bytes.held += quantization::CompactRows::bytes_for(options.type, graph != nullptr, count);
  }
  if (options.metric == Metric::kCosine) bytes.held += count * sizeof(float);
  if (graph) bytes.held += graph->bytes_for(count);
  bytes.building = bytes.held + (graph ? graph->bytes_to_build(count) : 0);
  return bytes;
}

std::uint64_t StandaloneState::memory_bytes() const {
  return rows.memory_bytes() + inverse_lengths.capacity() * sizeof(float) + ids.memory_bytes() +
         live.size() / 8 + (graph ? graph->memory_bytes() : 0);
}

}  // namespace simile::db
