#include "simile/db/collection_state.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/db/row_copies.h"

namespace simile::db {

using segment::DeletedPointer;
using segment::DeletedRows;
using segment::Key;
using segment::KeyList;

namespace {

std::shared_ptr<const Schema> without_auto_id(const Schema& schema) {
  std::vector<Field> fields = schema.fields();
  for (Field& field : fields) field.auto_id = false;
  Result<Schema> stored = Schema::make(std::move(fields));
  SIMILE_CHECK(stored.has_value());
  return std::make_shared<const Schema>(*std::move(stored));
}

}  // namespace

CollectionState::CollectionState(const segment::CollectionEntry& entry,
                                 std::vector<SegmentView> sealed,
                                 std::shared_ptr<std::mutex> publish_mutex)
    : id_(entry.id),
      name_(entry.name),
      properties_(entry.properties),
      partitions_(std::make_shared<const segment::Partitions>(entry.partitions)),
      schema_(std::make_shared<const Schema>(entry.schema)),
      stored_schema_(without_auto_id(entry.schema)),
      publish_mutex_(std::move(publish_mutex)),
      sealed_count_(sealed.size()),
      next_auto_id_(entry.next_auto_id),
      last_write_(entry.flushed_sequence) {
  for (SegmentView& view : sealed) segments_.push_back({std::move(view), nullptr});
  add_growing();
  publish_view(entry.flushed_sequence);
}

void CollectionState::add_growing() {
  growing_ = std::make_shared<segment::GrowingSegment>(stored_schema_);
  segments_.push_back({SegmentView{growing_, nullptr, 0, nullptr}, nullptr});
}

std::string CollectionState::name() const {
  const std::scoped_lock lock(*publish_mutex_);
  return name_;
}

Properties CollectionState::properties() const {
  const std::scoped_lock lock(*publish_mutex_);
  return properties_;
}

std::shared_ptr<const Schema> CollectionState::schema() const {
  const std::scoped_lock lock(*publish_mutex_);
  return schema_;
}

std::shared_ptr<const Schema> CollectionState::stored_schema() const {
  const std::scoped_lock lock(*publish_mutex_);
  return stored_schema_;
}

std::shared_ptr<const segment::Partitions> CollectionState::partitions() const {
  const std::scoped_lock lock(*publish_mutex_);
  return partitions_;
}

void CollectionState::set_partitions(const segment::Partitions& partitions) {
  const std::scoped_lock lock(*publish_mutex_);
  partitions_ = std::make_shared<const segment::Partitions>(partitions);
  publish_locked(view_->sequence);
}

void CollectionState::set_name(std::string name) {
  const std::scoped_lock lock(*publish_mutex_);
  name_ = std::move(name);
}

void CollectionState::set_properties(Properties properties) {
  const std::scoped_lock lock(*publish_mutex_);
  properties_ = std::move(properties);
}

std::shared_ptr<const CollectionView> CollectionState::view() const {
  const std::scoped_lock lock(*publish_mutex_);
  return view_;
}

std::size_t CollectionState::rows_of(std::size_t segment) const {
  return segment + 1 == segments_.size() ? growing_->rows() : segments_[segment].view.rows;
}

Result<RowAddress> CollectionState::locate(const Key& key, std::uint64_t hash) const {
  for (std::size_t s = segments_.size(); s-- > 0;) {
    const segment::RowsInSight sight{rows_of(s), segments_[s].deleted()};
    SIMILE_ASSIGN(const RowId row, segments_[s].view.segment->find(key, hash, sight));
    if (row != kNoRow) return RowAddress{static_cast<std::uint32_t>(s), row};
  }
  return RowAddress{};
}

Result<std::vector<RowAddress>> CollectionState::find_rows(const KeyList& keys) const {
  std::vector<RowAddress> rows;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Key key = keys.at(i);
    SIMILE_ASSIGN(const RowAddress row, locate(key, hash_of(key, keys.is_text())));
    rows.push_back(row);
  }
  return rows;
}

DeletedRows& CollectionState::dirty(std::size_t segment) {
  Working& working = segments_[segment];
  if (!working.dirty) {
    working.dirty = working.view.deleted ? std::make_shared<DeletedRows>(*working.view.deleted)
                                         : std::make_shared<DeletedRows>();
    if (working.view.sealed) working.dirty->rows.resize(working.view.rows);
  }
  return *working.dirty;
}

void CollectionState::mark_deleted(RowAddress row, Undo& undo) {
  if (dirty(row.segment).add(row.row)) undo.deleted.push_back(row);
}

std::vector<std::int64_t> CollectionState::take_ids(std::size_t rows) {
  std::vector<std::int64_t> ids(rows);
  for (std::int64_t& id : ids) id = next_auto_id_++;
  return ids;
}

void CollectionState::skip_ids_to(std::int64_t id) {
  // Keys that users name may be any; those that are given out stay below this.
  constexpr std::int64_t kGivenMax = std::int64_t{1} << 62;
  if (id < kGivenMax) next_auto_id_ = std::max(next_auto_id_, id + 1);
}

namespace {

/// The number that a key was given out as; 0 where it was not.
std::int64_t number_of(const segment::Key& key) {
  std::int64_t number = key.number;
  std::from_chars(key.text.data(), key.text.data() + key.text.size(), number);
  return number;
}

}  // namespace

Status CollectionState::apply_rows(const Batch& batch, std::span<const std::int64_t> ids,
                                   bool must_be_new, Undo& undo) {
  const Field& key_field = schema_->primary_key();
  const bool is_text = key_field.type == FieldType::kString;
  const auto column = std::ranges::find(batch.columns, key_field.name, &ColumnView::field);
  const KeyList keys =
      ids.empty() && column != batch.columns.end() ? KeyList(*column, batch.rows) : KeyList(ids);
  SIMILE_CHECK(keys.size() == batch.rows);
  std::vector<std::uint64_t> hashes(batch.rows);
  for (std::size_t i = 0; i < batch.rows; ++i) {
    const Key key = keys.at(i);
    hashes[i] = hash_of(key, is_text);
    if (!ids.empty() && key_field.auto_id) continue;  // never given out before
    if (key_field.auto_id) skip_ids_to(number_of(key));
    SIMILE_ASSIGN(const RowAddress present, locate(key, hashes[i]));
    if (present.row == kNoRow) continue;
    if (must_be_new) {
      return fail(ErrorCode::kAlreadyExists,
                  join_text("'", name(), "' has a row with key ", describe(key, is_text),
                            " already; upsert replaces it"));
    }
    mark_deleted(present, undo);
  }
  growing_->append(batch, ids, hashes);
  return {};
}

Result<std::uint64_t> CollectionState::apply_erase(const KeyList& keys, Undo& undo) {
  std::uint64_t erased = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Key key = keys.at(i);
    SIMILE_ASSIGN(const RowAddress present, locate(key, hash_of(key, keys.is_text())));
    if (present.row == kNoRow) continue;
    mark_deleted(present, undo);
    ++erased;
  }
  return erased;
}

void CollectionState::roll_back(const Undo& undo) {
  for (const RowAddress& row : undo.deleted) dirty(row.segment).remove(row.row);
  for (std::size_t row = undo.rows_before; row < growing_->rows(); ++row) {
    dirty(segments_.size() - 1).add(RowId{static_cast<std::uint32_t>(row)});
  }
}

CollectionView CollectionState::working_view() const {
  CollectionView view{name(), stored_schema_, last_write_, {}, partitions_};
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    SegmentView& part = view.segments.emplace_back(segments_[s].view);
    part.rows = rows_of(s);
    if (segments_[s].dirty) part.deleted = segments_[s].dirty;
  }
  return view;
}

void CollectionState::note_write(std::uint64_t sequence) {
  last_write_ = sequence;
  if (first_active_ == 0) first_active_ = sequence;
}

void CollectionState::publish_locked(std::uint64_t sequence) {
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    Working& working = segments_[s];
    if (working.dirty) working.view.deleted = std::exchange(working.dirty, nullptr);
    working.view.rows = rows_of(s);
  }
  auto view =
      std::make_shared<CollectionView>(CollectionView{name_, schema_, sequence, {}, partitions_});
  view->segments.reserve(segments_.size());
  for (const Working& working : segments_) {
    if (working.view.live_count() != 0) view->segments.push_back(working.view);
  }
  view_ = std::move(view);
}

void CollectionState::publish_view(std::uint64_t sequence) {
  const std::scoped_lock lock(*publish_mutex_);
  publish_locked(sequence);
}

std::uint64_t CollectionState::first_unflushed(bool without_frozen) const {
  return first_frozen_ != 0 && !without_frozen ? first_frozen_ : first_active_;
}

void CollectionState::freeze() {
  if (first_frozen_ == 0) first_frozen_ = first_active_;
  first_active_ = 0;
  if (growing_->rows() == 0) return;
  add_growing();
}

std::vector<SegmentView> CollectionState::frozen() const {
  std::vector<SegmentView> views;
  for (std::size_t s = sealed_count_; s + 1 < segments_.size(); ++s) {
    views.push_back(segments_[s].view);
  }
  return views;
}

std::vector<SegmentView> CollectionState::sealed() const {
  std::vector<SegmentView> views;
  for (std::size_t s = 0; s < sealed_count_; ++s) views.push_back(segments_[s].view);
  return views;
}

std::size_t CollectionState::position_of(const segment::Segment& segment) const {
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    if (segments_[s].view.segment.get() == &segment) return s;
  }
  SIMILE_CHECK(false);
}

DeletedPointer CollectionState::deleted_since(const Replacement& replacement) const {
  auto carried = std::make_shared<DeletedRows>();
  std::uint32_t row = 0;
  for (const segment::RowSource& source : replacement.sources) {
    const DeletedRows* deleted = segments_[position_of(*source.segment)].deleted();
    for (const RowId old : source.rows) {
      if (deleted != nullptr && deleted->contains(old)) carried->add(RowId{row});
      ++row;
    }
  }
  return carried->count == 0 ? nullptr : DeletedPointer(std::move(carried));
}

void CollectionState::replace(const Replacement& replacement) {
  const std::size_t first = position_of(*replacement.sources.front().segment);
  const std::size_t count = replacement.sources.size();
  SIMILE_CHECK(position_of(*replacement.sources.back().segment) == first + count - 1);
  Working working;
  if (replacement.written) {
    working.view = {replacement.written, replacement.written, replacement.written->rows(),
                    deleted_since(replacement)};
  }
  if (first < sealed_count_) sealed_count_ -= count;
  const auto at = segments_.begin() + static_cast<std::ptrdiff_t>(first);
  segments_.erase(at, at + static_cast<std::ptrdiff_t>(count));
  if (replacement.written) {
    segments_.insert(segments_.begin() + static_cast<std::ptrdiff_t>(first), std::move(working));
    ++sealed_count_;
  }
  publish_view(view_->sequence);
}

namespace {

/// All rows of a growing segment, deleted ones, too, in one of another schema.
std::shared_ptr<segment::GrowingSegment> with_schema(const segment::GrowingSegment& from,
                                                     std::shared_ptr<const Schema> schema) {
  auto to = std::make_shared<segment::GrowingSegment>(std::move(schema));
  if (from.rows() == 0) return to;
  const auto copies = copy_rows(from);
  std::vector<std::uint64_t> hashes;
  const Field& key = from.schema().primary_key();
  segment::for_each_key(*from.column(key.name), from.rows(), [&](RowId, const Key& each) {
    hashes.push_back(hash_of(each, key.type == FieldType::kString));
  });
  to->append(copies->batch(), {}, hashes);
  return to;
}

}  // namespace

void CollectionState::change_schema(const Schema& schema,
                                    std::vector<std::shared_ptr<segment::SealedSegment>> sealed) {
  SIMILE_CHECK(sealed.size() == sealed_count_ && sealed_count_ + 1 == segments_.size());
  auto stored = without_auto_id(schema);
  auto growing = with_schema(*growing_, stored);
  const std::scoped_lock lock(*publish_mutex_);
  old_schemas_.push_back(std::exchange(schema_, std::make_shared<const Schema>(schema)));
  old_schemas_.push_back(std::exchange(stored_schema_, std::move(stored)));
  for (std::size_t s = 0; s < sealed.size(); ++s) {
    segments_[s].view.segment = sealed[s];
    segments_[s].view.sealed = std::move(sealed[s]);
  }
  growing_ = std::move(growing);
  segments_.back().view.segment = growing_;
  publish_locked(view_->sequence);
}

}  // namespace simile::db
