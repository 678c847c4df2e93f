#include <algorithm>
#include <utility>

#include "simile/base/check.h"
#include "simile/db/engine.h"
#include "simile/io/encrypted_storage.h"
#include "simile/segment/file_names.h"
#include "simile/segment/write_segment.h"

namespace simile::db {

namespace {

std::vector<RowId> rows_to_keep(const SegmentView& view) {
  std::vector<RowId> rows;
  rows.reserve(view.live_count());
  segment::live_rows(view.deleted, view.rows).for_each([&](std::size_t row) {
    rows.push_back(RowId{static_cast<std::uint32_t>(row)});
  });
  return rows;
}

}  // namespace

std::vector<segment::RowSource> sources_of(const std::vector<SegmentView>& views) {
  std::vector<segment::RowSource> sources;
  for (const SegmentView& view : views) sources.push_back({view.segment, rows_to_keep(view)});
  return sources;
}

std::uint64_t unsealed_bytes(const CollectionState& collection) {
  std::uint64_t bytes = 0;
  const auto view = collection.view();  // held: another one may be published meanwhile
  for (const SegmentView& segment : view->segments) {
    if (!segment.sealed) bytes += segment.segment->memory_bytes();
  }
  return bytes;
}

std::uint64_t growing_bytes(const CollectionState& collection) {
  const auto view = collection.view();
  if (view->segments.empty() || view->segments.back().sealed) return 0;
  return view->segments.back().segment->memory_bytes();
}

bool Engine::seal_is_due(const CollectionState& collection) const {
  return growing_bytes(collection) > options_.growing_bytes_max;
}

/// Freezes what was written so far; returns the sequence number of the last write in it.
Result<std::uint64_t> Engine::begin_seal(CollectionState& collection,
                                         std::vector<SegmentView>& frozen) {
  const std::scoped_lock lock(commit_mutex_);
  SIMILE_TRY(writable());
  if (collection.first_unflushed(false) == 0) return 0;
  SIMILE_TRY(logs_->rotate(sequence_.load() + 1));
  collection.freeze();
  frozen = collection.frozen();
  return sequence_.load();
}

bool Engine::is_half_sealed(const CollectionState& collection) const {
  const std::scoped_lock lock(commit_mutex_);
  return !collection.frozen().empty();
}

Status Engine::seal(CollectionState& collection, const CancelToken* cancel) {
  const std::scoped_lock lock(flush_mutex_);
  return seal_locked(collection, cancel);
}

Status Engine::seal_locked(CollectionState& collection, const CancelToken* cancel) {
  std::vector<SegmentView> frozen;
  SIMILE_ASSIGN(const std::uint64_t up_to, begin_seal(collection, frozen));
  if (up_to == 0) return {};
  CollectionState::Replacement replacement{sources_of(frozen), nullptr};
  const bool any = std::ranges::any_of(replacement.sources,
                                       [](const auto& source) { return !source.rows.empty(); });
  segment::WrittenSegment written;
  if (any) {
    SIMILE_ASSIGN(written,
                  segment::write_segment(storage_, collection.stored_schema(), replacement.sources,
                                         {new_file(), new_file()}, cancel));
    replacement.written = written.segment;
  }
  return finish_seal(collection, up_to, replacement, written);
}

Status Engine::finish_seal(CollectionState& collection, std::uint64_t up_to,
                           const CollectionState::Replacement& replacement,
                           const segment::WrittenSegment& written) {
  const std::scoped_lock lock(manifest_mutex_);
  Publication publication{manifest_, collection.id(), {}};
  if (written.segment) {
    publication.new_files = {segment::rows_name(written.entry.id)};
    for (const segment::DerivedEntry& derived : written.entry.derived) {
      publication.new_files.push_back(segment::keys_name(derived.file));
    }
  }
  segment::CollectionEntry* entry = publication.next.find(collection.id());
  std::vector<std::string> replaced;
  Status prepared = entry == nullptr ? fail(ErrorCode::kNotFound,
                                            "collection '" + collection.name() + "' was dropped")
                                     : write_changed_deletes(collection, publication, replaced);
  if (!prepared) {
    remove_files(publication.new_files);
    return prepared;
  }
  if (written.segment) entry->segments.push_back(written.entry);
  entry->flushed_sequence = std::max(entry->flushed_sequence, up_to);
  SIMILE_TRY(publish(publication));
  {
    const std::scoped_lock commit(commit_mutex_);
    if (!replacement.sources.empty()) collection.replace(replacement);
    collection.end_flush();
  }
  remove_files(replaced);
  return {};
}

/// Deletes of rows that are sealed already, up to now; `up_to` is not later.
Status Engine::write_changed_deletes(const CollectionState& collection, Publication& publication,
                                     std::vector<std::string>& replaced) {
  std::vector<SegmentView> sealed;
  {
    const std::scoped_lock lock(commit_mutex_);
    sealed = collection.sealed();
  }
  segment::CollectionEntry* collection_entry = publication.next.find(collection.id());
  for (const SegmentView& view : sealed) {
    segment::SegmentEntry* entry = collection_entry->find(view.sealed->id());
    SIMILE_CHECK(entry != nullptr);
    // Rows are never undeleted, so the same number of them is the same set.
    if (entry->deleted_rows == view.deleted_count()) continue;
    if (entry->deletes_file != 0) replaced.push_back(segment::deletes_name(entry->deletes_file));
    entry->deletes_file = new_file();
    entry->deleted_rows = view.deleted_count();
    publication.new_files.push_back(segment::deletes_name(entry->deletes_file));
    SIMILE_TRY(
        segment::write_deletes(*storage_, publication.new_files.back(), *view.deleted, view.rows));
  }
  return {};
}

Status Engine::erase_from_logs() {
  if (dynamic_cast<const io::EncryptedStorage*>(storage_.get()) == nullptr) return {};
  for (const auto& collection : all()) {
    const Status sealed = seal(*collection, nullptr);
    if (!sealed && sealed.error().code != ErrorCode::kNotFound) return sealed;  // dropped meanwhile
  }
  {
    const std::scoped_lock lock(commit_mutex_);
    SIMILE_TRY(writable());
    SIMILE_TRY(logs_->rotate(sequence_.load() + 1));
  }
  const std::scoped_lock lock(manifest_mutex_);
  Publication publication{manifest_, 0, {}};
  return publish(publication);
}

Status Engine::seal_where_due() {
  // Held for the choice, too: what another flush is sealing just now is not due any more.
  const std::scoped_lock flushing(flush_mutex_);
  Status all;
  for (const auto& collection : all_or_oldest_due()) {
    Status sealed = seal_locked(*collection, nullptr);
    // Dropped meanwhile: nothing is left to seal.
    if (!sealed && sealed.error().code != ErrorCode::kNotFound) all = sealed;
  }
  const std::scoped_lock lock(room_mutex_);
  seal_failed_ = all;
  room_.notify_all();
  return all;
}

/// Holding flush_mutex_.
std::vector<std::shared_ptr<CollectionState>> Engine::all_or_oldest_due() const {
  std::vector<std::shared_ptr<CollectionState>> due;
  for (const auto& collection : all()) {
    if (seal_is_due(*collection) || is_half_sealed(*collection)) due.push_back(collection);
  }
  if (!due.empty()) return due;
  // A collection that is hardly written to must not keep all logs alive.
  const std::scoped_lock lock(commit_mutex_);
  if (logs_->bytes() <= options_.growing_bytes_max * kLogFactor) return {};
  std::shared_ptr<CollectionState> oldest;
  for (const auto& collection : all()) {
    const std::uint64_t first = collection->first_unflushed(false);
    if (first != 0 && (!oldest || first < oldest->first_unflushed(false))) oldest = collection;
  }
  if (oldest) due.push_back(oldest);
  return due;
}

}  // namespace simile::db
