#include <algorithm>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/db/complete_rows.h"
#include "simile/db/engine.h"
#include "simile/scalar/json.h"
#include "simile/segment/file_names.h"

namespace simile::db {

namespace {

constexpr std::size_t kNameBytesMax = 255;

Status check_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto fits = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  if (!name.empty() && name.size() <= kNameBytesMax && is_letter(name[0]) &&
      std::ranges::all_of(name, fits)) {
    return {};
  }
  return fail(ErrorCode::kInvalidArgument,
              join_text("collection name '", name.substr(0, 64),
                        "': letters, digits, '_', '-' and '.' are allowed, the first is a letter "
                        "or '_', at most ",
                        kNameBytesMax, " of them"));
}

Status check_properties(const Properties& properties) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : properties) {
    bytes += key.size() + value.size();
    if (!scalar::is_text(key) || !scalar::is_text(value)) {
      return fail(ErrorCode::kInvalidArgument, "a property is not UTF-8");
    }
  }
  if (bytes <= kPropertiesBytesMax) return {};
  return fail(ErrorCode::kInvalidArgument,
              join_text("properties of ", bytes, " bytes; at most ", kPropertiesBytesMax, " fit"));
}

Status change(Properties& properties, const PropertyChanges& changes) {
  for (const auto& [key, value] : changes) {
    if (value) {
      properties[key] = *value;
    } else {
      properties.erase(key);
    }
  }
  return check_properties(properties);
}

}  // namespace

Result<std::shared_ptr<CollectionState>> Engine::create_collection(std::string_view name,
                                                                   const Schema& schema,
                                                                   const Properties& properties) {
  SIMILE_TRY(accepts_writes());
  SIMILE_TRY(check_name(name));
  SIMILE_TRY(check_properties(properties));
  SIMILE_TRY(check_analyzers(schema.fields()));
  if (schema.find(kPartitionField) != nullptr) {
    return fail(
        ErrorCode::kInvalidArgument,
        join_text("field '", kPartitionField, "' is there where partitions are: leave it out"));
  }
  if (schema.fields().empty()) {
    return fail(ErrorCode::kInvalidArgument, join_text("collection '", name, "' has no fields"));
  }
  const std::scoped_lock lock(manifest_mutex_);
  if (std::ranges::find(manifest_.collections, name, &segment::CollectionEntry::name) !=
      manifest_.collections.end()) {
    return fail(ErrorCode::kAlreadyExists, join_text("there is a collection '", name, "' already"));
  }
  Publication publication{manifest_, 0, {}};
  segment::CollectionEntry entry;
  entry.id = publication.next.next_collection++;
  entry.name = std::string(name);
  entry.schema = schema;
  entry.flushed_sequence = sequence_.load();
  entry.properties = properties;
  publication.next.collections.push_back(entry);
  SIMILE_TRY(publish(publication));
  auto collection =
      std::make_shared<CollectionState>(entry, std::vector<SegmentView>{}, publish_mutex_);
  const std::unique_lock collections(collections_mutex_);
  collections_[entry.id] = collection;
  return collection;
}

Result<segment::CollectionEntry*> Engine::entry_of(segment::Manifest& next,
                                                   const CollectionState& collection) const {
  segment::CollectionEntry* entry = next.find(collection.id());
  if (entry != nullptr) return entry;
  return fail(ErrorCode::kNotFound, join_text("collection '", collection.name(), "' was dropped"));
}

/// The files go with the last snapshot; those of deletes at once, since they were read already.
void Engine::retire_segments(const CollectionState& collection,
                             const segment::CollectionEntry& entry) {
  std::vector<std::string> garbage;
  for (const segment::SegmentEntry& segment : entry.segments) {
    if (segment.deletes_file != 0) garbage.push_back(segment::deletes_name(segment.deletes_file));
  }
  remove_files(garbage);
  const std::scoped_lock commit(commit_mutex_);
  for (const SegmentView& view : collection.sealed()) view.sealed->retire();
}

Status Engine::drop_collection(std::string_view name) {
  SIMILE_TRY(accepts_writes());
  SIMILE_ASSIGN(const std::shared_ptr<CollectionState> collection, find(name));
  const std::scoped_lock lock(manifest_mutex_);
  Publication publication{manifest_, 0, {}};
  SIMILE_ASSIGN(const segment::CollectionEntry* found, entry_of(publication.next, *collection));
  const segment::CollectionEntry entry = *found;
  std::erase_if(publication.next.collections,
                [&](const auto& each) { return each.id == entry.id; });
  SIMILE_TRY(publish(publication));
  retire_segments(*collection, entry);
  const std::unique_lock collections(collections_mutex_);
  collections_.erase(entry.id);
  return {};
}

Status Engine::rename_collection(std::string_view from, std::string_view to) {
  SIMILE_TRY(accepts_writes());
  SIMILE_TRY(check_name(to));
  SIMILE_ASSIGN(const std::shared_ptr<CollectionState> collection, find(from));
  const std::scoped_lock lock(manifest_mutex_);
  Publication publication{manifest_, 0, {}};
  SIMILE_ASSIGN(segment::CollectionEntry * entry, entry_of(publication.next, *collection));
  if (entry->name == to) return {};
  for (const segment::CollectionEntry& other : publication.next.collections) {
    if (other.name != to) continue;
    return fail(ErrorCode::kAlreadyExists, join_text("there is a collection '", to, "' already"));
  }
  entry->name = std::string(to);
  SIMILE_TRY(publish(publication));
  const std::unique_lock collections(collections_mutex_);
  collection->set_name(std::string(to));
  return {};
}

Status Engine::truncate(std::uint32_t id) {
  SIMILE_TRY(accepts_writes());
  // A flush that is under way would find its collection gone.
  const std::scoped_lock flushing(flush_mutex_);
  const std::scoped_lock lock(manifest_mutex_);
  const std::shared_ptr<CollectionState> old = find(id);
  if (!old) return fail(ErrorCode::kNotFound, "the collection was dropped");
  Publication publication{manifest_, 0, {}};
  SIMILE_ASSIGN(segment::CollectionEntry * entry, entry_of(publication.next, *old));
  const segment::CollectionEntry before = *entry;
  entry->id = publication.next.next_collection++;
  entry->segments.clear();
  // Writes that come before the switch below go to the old one and end with it. The keys that they
  // use up must not be given out again.
  {
    const std::scoped_lock commit(commit_mutex_);
    entry->flushed_sequence = sequence_.load();
    entry->next_auto_id = old->next_auto_id();
  }
  const segment::CollectionEntry made = *entry;
  SIMILE_TRY(publish(publication));
  retire_segments(*old, before);
  auto collection =
      std::make_shared<CollectionState>(made, std::vector<SegmentView>{}, publish_mutex_);
  const std::scoped_lock commit(commit_mutex_);
  collection->skip_ids_to(old->next_auto_id() - 1);
  const std::unique_lock collections(collections_mutex_);
  collections_.erase(before.id);
  collections_[made.id] = std::move(collection);
  successors_[before.id] = made.id;
  return {};
}

Result<std::shared_ptr<CollectionState>> Engine::find(std::string_view name) const {
  const std::shared_lock lock(collections_mutex_);
  std::string known;
  for (const auto& [id, collection] : collections_) {
    if (collection->name() == name) return collection;
    known += (known.empty() ? "" : ", ") + collection->name();
  }
  return fail(ErrorCode::kNotFound,
              join_text("no collection '", name, "' in ", storage_->root(),
                        known.empty() ? "; it holds none yet" : "; there are: ", known));
}

std::shared_ptr<CollectionState> Engine::find(std::uint32_t id) const {
  const std::shared_lock lock(collections_mutex_);
  for (auto next = successors_.find(id); next != successors_.end(); next = successors_.find(id)) {
    id = next->second;
  }
  const auto found = collections_.find(id);
  return found == collections_.end() ? nullptr : found->second;
}

Properties Engine::properties() const {
  const std::shared_lock lock(collections_mutex_);
  return properties_;
}

Status Engine::change_properties(const PropertyChanges& changes) {
  SIMILE_TRY(accepts_writes());
  const std::scoped_lock lock(manifest_mutex_);
  Publication publication{manifest_, 0, {}};
  SIMILE_TRY(change(publication.next.properties, changes));
  SIMILE_TRY(publish(publication));
  const std::unique_lock collections(collections_mutex_);
  properties_ = manifest_.properties;
  return {};
}

Status Engine::change_properties(std::uint32_t id, const PropertyChanges& changes) {
  return change_entry(
      id, [&](segment::CollectionEntry& entry) { return change(entry.properties, changes); });
}

std::vector<std::shared_ptr<CollectionState>> Engine::all() const {
  const std::shared_lock lock(collections_mutex_);
  std::vector<std::shared_ptr<CollectionState>> all;
  for (const auto& [id, collection] : collections_) all.push_back(collection);
  std::ranges::sort(all, {}, [](const auto& collection) { return collection->name(); });
  return all;
}

CollectionInfo Engine::info_of(const CollectionState& collection) const {
  CollectionInfo info;
  info.name = collection.name();
  const auto view = collection.view();
  const auto& fields = view->schema->fields();
  for (const SegmentView& segment : view->segments) {
    info.rows += segment.live_count();
    info.deleted_rows += segment.deleted_count();
    info.memory_bytes += segment.segment->memory_bytes();
    if (!segment.sealed) {
      info.growing_rows += segment.live_count();
      continue;
    }
    ++info.sealed_segments;
    info.disk_bytes += segment.sealed->disk_bytes();
    bool indexed = true;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (has_derived_index(fields[i]) && segment.rows >= kIndexRowsMin)
        indexed &= segment.sealed->has_index(i);
    }
    if (indexed) info.indexed_rows += segment.live_count();
  }
  return info;
}

std::vector<ScalarIndexInfo> Engine::scalar_indexes_of(const CollectionState& collection) const {
  std::vector<ScalarIndexInfo> infos;
  const auto view = collection.view();
  const auto& fields = view->schema->fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].scalar_index == ScalarIndex::kNone) continue;
    ScalarIndexInfo info{.field = fields[i].name, .kind = fields[i].scalar_index};
    for (const SegmentView& segment : view->segments) {
      info.rows += segment.live_count();
      if (!segment.sealed) continue;
      const auto state = segment.sealed->column_index_state(i);
      if (state.is_there) info.indexed_rows += segment.live_count();
      info.disk_bytes += state.bytes;
      info.uses += state.uses;
      info.rows_spared += state.rows_spared;
    }
    infos.push_back(std::move(info));
  }
  return infos;
}

DatabaseInfo Engine::info() const {
  DatabaseInfo info;
  info.path = storage_->root();
  info.sequence = sequence_.load();
  info.open_seconds = open_seconds_;
  if (const auto files = storage_->list("")) {
    for (const io::FileEntry& file : *files) {
      info.disk_bytes += file.size;
      if (file.path.starts_with(segment::kLogFolder)) info.wal_bytes += file.size;
    }
  }
  for (const auto& collection : all()) info.collections.push_back(info_of(*collection));
  return info;
}

}  // namespace simile::db
