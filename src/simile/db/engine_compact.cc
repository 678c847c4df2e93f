#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/db/engine.h"
#include "simile/db/pick_compaction.h"
#include "simile/segment/file_names.h"
#include "simile/segment/write_segment.h"

namespace simile::db {

namespace {

std::vector<SegmentStats> stats_of(const std::vector<SegmentView>& views) {
  std::vector<SegmentStats> stats;
  for (const SegmentView& view : views) {
    stats.push_back({view.rows, view.deleted_count(), view.sealed->lengths_are_damaged(),
                     view.sealed->rows_are_damaged()});
  }
  return stats;
}

}  // namespace

std::vector<std::string> files_of(const segment::SegmentEntry& entry, std::uint32_t key_field) {
  std::vector<std::string> files = {segment::rows_name(entry.id)};
  for (const segment::DerivedEntry& derived : entry.derived) {
    files.push_back(derived.field == key_field ? segment::keys_name(derived.file)
                                               : segment::index_name(derived.file));
  }
  if (entry.deletes_file != 0) files.push_back(segment::deletes_name(entry.deletes_file));
  return files;
}

Result<std::unique_lock<std::mutex>> Engine::lock_build(const CancelToken* cancel) {
  std::unique_lock lock(build_mutex_, std::defer_lock);
  // Not a timed mutex, which the thread sanitizer of gcc 12 does not know.
  while (!lock.try_lock()) {
    if (cancel != nullptr && cancel->cancelled()) return fail(ErrorCode::kCancelled, "cancelled");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return lock;
}

Status Engine::compact(CollectionState& collection, bool everything, const CancelToken* cancel) {
  const CompactionGoal goal{options_.segment_rows_max, everything};
  while (true) {
    std::vector<SegmentView> sealed;
    {
      const std::scoped_lock lock(commit_mutex_);
      sealed = collection.sealed();
    }
    const auto run = pick_compaction(stats_of(sealed), goal);
    if (!run) return {};
    const auto first = sealed.begin() + static_cast<std::ptrdiff_t>(run->first);
    SIMILE_TRY(merge(collection, {first, first + static_cast<std::ptrdiff_t>(run->count)}, cancel));
  }
}

Status Engine::merge(CollectionState& collection, const std::vector<SegmentView>& run,
                     const CancelToken* cancel) {
  SIMILE_TRY(writable());
  for (const SegmentView& view : run) SIMILE_TRY(view.sealed->verify_rows());
  CollectionState::Replacement replacement{sources_of(run), nullptr};
  const bool any = std::ranges::any_of(replacement.sources,
                                       [](const auto& source) { return !source.rows.empty(); });
  segment::WrittenSegment written;
  Publication publication;
  if (any) {
    SIMILE_ASSIGN(written,
                  segment::write_segment(storage_, collection.stored_schema(), replacement.sources,
                                         {new_file(), new_file()}, cancel));
    replacement.written = written.segment;
    // With its indexes, unlike after a flush: searches have had indexes on these rows so far.
    const Status indexed =
        write_indexes(*collection.stored_schema(), written, {options_.threads, {}, cancel});
    if (!indexed) {
      remove_files(files_of(written.entry, key_field_of(collection)));
      return indexed;
    }
    publication.new_files = files_of(written.entry, key_field_of(collection));
  }
  return publish_merge(collection, run, replacement, written, std::move(publication));
}

Status Engine::write_indexes(const Schema& schema, segment::WrittenSegment& written,
                             const index::BuildContext& context) {
  if (written.entry.rows < kIndexRowsMin) return {};
  for (std::size_t i = 0; i < schema.fields().size(); ++i) {
    const Field& field = schema.fields()[i];
    if (!has_derived_index(field)) continue;
    const std::uint64_t file = new_file();
    if (field.type == FieldType::kSparse) {
      SIMILE_ASSIGN(auto index,
                    segment::write_sparse_index(*storage_, *written.segment->column(field.name),
                                                written.entry.rows, file, context.cancel));
      written.entry.set_derived_file(static_cast<std::uint32_t>(i), file);
      written.segment->set_sparse_index(i, file, std::move(index));
      continue;
    }
    if (field.type != FieldType::kVector) {
      SIMILE_ASSIGN(auto index,
                    segment::write_column_index(*storage_, *written.segment->column(field.name),
                                                written.entry.rows, file, context.cancel));
      written.entry.set_derived_file(static_cast<std::uint32_t>(i), file);
      written.segment->set_column_index(i, file, std::move(index));
      continue;
    }
    const auto rows = written.segment->vectors(i, written.entry.rows);
    SIMILE_ASSIGN(auto index, segment::write_index(*storage_, field, rows[0], file, context));
    written.entry.set_derived_file(static_cast<std::uint32_t>(i), file);
    written.segment->set_index(i, file, std::move(index));
  }
  return {};
}

Status Engine::publish_merge(CollectionState& collection, const std::vector<SegmentView>& run,
                             const CollectionState::Replacement& replacement,
                             segment::WrittenSegment& written, Publication publication) {
  const std::scoped_lock lock(manifest_mutex_);
  publication.next = manifest_;
  segment::CollectionEntry* entry = publication.next.find(collection.id());
  if (entry == nullptr) {
    remove_files(publication.new_files);
    return fail(ErrorCode::kNotFound, "collection '" + collection.name() + "' was dropped");
  }
  std::vector<std::string> garbage;
  auto at =
      std::ranges::find(entry->segments, run.front().sealed->id(), &segment::SegmentEntry::id);
  SIMILE_CHECK(entry->segments.end() - at >= static_cast<std::ptrdiff_t>(run.size()));
  for (std::size_t i = 0; i < run.size(); ++i) {
    if (at->deletes_file != 0) garbage.push_back(segment::deletes_name(at->deletes_file));
    at = entry->segments.erase(at);
  }
  if (written.segment) {
    segment::DeletedPointer deleted;
    {
      const std::scoped_lock commit(commit_mutex_);
      deleted = collection.deleted_since(replacement);
    }
    // The manifest may say that writes are flushed whose deletes came after the rows were copied.
    if (deleted) {
      written.entry.deletes_file = new_file();
      written.entry.deleted_rows = deleted->count;
      publication.new_files.push_back(segment::deletes_name(written.entry.deletes_file));
      if (Status wrote = segment::write_deletes(*storage_, publication.new_files.back(), *deleted,
                                                written.entry.rows);
          !wrote) {
        remove_files(publication.new_files);
        return wrote;
      }
    }
    entry->segments.insert(at, written.entry);
  }
  SIMILE_TRY(publish(publication));
  {
    const std::scoped_lock commit(commit_mutex_);
    collection.replace(replacement);
  }
  for (const SegmentView& view : run) view.sealed->retire();
  remove_files(garbage);
  return {};
}

Status Engine::repair(CollectionState& collection, const Progress& progress,
                      const CancelToken* cancel) {
  std::vector<SegmentView> sealed;
  {
    const std::scoped_lock lock(commit_mutex_);
    sealed = collection.sealed();
  }
  for (const SegmentView& view : sealed) {
    SIMILE_TRY(writable());
    if (cancel != nullptr && cancel->cancelled()) return fail(ErrorCode::kCancelled, "cancelled");
    const segment::SealedSegment::Repairs repairs = view.sealed->repairs();
    if (repairs.write_keys) {
      SIMILE_TRY(write_derived(collection, view, key_field_of(collection), {}));
    }
    for (const std::uint32_t field : repairs.build_indexes) {
      if (view.rows < kIndexRowsMin) continue;
      SIMILE_TRY(write_derived(collection, view, field, {options_.threads, progress, cancel}));
    }
  }
  return {};
}

Status Engine::write_derived(CollectionState& collection, const SegmentView& view,
                             std::uint32_t field, const index::BuildContext& context) {
  const Schema& schema = *collection.stored_schema();
  const std::uint64_t file = new_file();
  const bool is_keys = field == key_field_of(collection);
  const std::string path = is_keys ? segment::keys_name(file) : segment::index_name(file);
  std::unique_ptr<index::VectorIndex> index;
  std::unique_ptr<index::SparseIndex> sparse;
  std::unique_ptr<scalar::ColumnIndex> of_column;
  if (schema.fields()[field].type == FieldType::kSparse) {
    SIMILE_ASSIGN(sparse, segment::write_sparse_index(
                              *storage_, *view.segment->column(schema.fields()[field].name),
                              view.rows, file, context.cancel));
  } else if (!is_keys && schema.fields()[field].type != FieldType::kVector) {
    SIMILE_ASSIGN(of_column, segment::write_column_index(
                                 *storage_, *view.segment->column(schema.fields()[field].name),
                                 view.rows, file, context.cancel));
  } else if (is_keys) {
    const auto* keys = view.segment->column(schema.primary_key().name);
    SIMILE_TRY(keys->check());
    if (Status wrote = segment::KeyMap::build(*keys, view.rows)->write(*storage_, path); !wrote) {
      remove_files({path});
      return wrote;
    }
  } else {
    const auto rows = view.segment->vectors(field, view.rows);
    SIMILE_ASSIGN(index,
                  segment::write_index(*storage_, schema.fields()[field], rows[0], file, context));
  }
  const std::scoped_lock lock(manifest_mutex_);
  Publication publication{manifest_, 0, {path}};
  segment::CollectionEntry* entry = publication.next.find(collection.id());
  segment::SegmentEntry* segment = entry == nullptr ? nullptr : entry->find(view.sealed->id());
  if (segment == nullptr) {  // dropped
    remove_files({path});
    return {};
  }
  const std::uint64_t old = segment->derived_file(field);
  segment->set_derived_file(field, file);
  SIMILE_TRY(publish(publication));
  if (is_keys) {
    view.sealed->set_keys_file(file);
  } else if (sparse) {
    view.sealed->set_sparse_index(field, file, std::move(sparse));
  } else if (of_column) {
    view.sealed->set_column_index(field, file, std::move(of_column));
  } else {
    view.sealed->set_index(field, file, std::move(index));
  }
  if (old != 0) remove_files({is_keys ? segment::keys_name(old) : segment::index_name(old)});
  return {};
}

}  // namespace simile::db
