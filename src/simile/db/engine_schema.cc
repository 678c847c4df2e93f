/// Changes of what a collection is, rather than of what it holds.
///
/// With another schema: 1. hold writers back and seal, so that the logs hold no row that was
/// checked against the old one   2. open the sealed segments with it   3. publish the manifest   4.
/// under the commit lock, put the new segments in the place of the old ones. Views that are held
/// keep the old segments.

#include <algorithm>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/db/complete_rows.h"
#include "simile/db/engine.h"
#include "simile/db/maintenance.h"
#include "simile/db/matching_rows.h"
#include "simile/segment/file_names.h"

namespace simile::db {

namespace {

Status edit_schema(segment::CollectionEntry& entry, std::vector<Field> fields) {
  for (segment::SegmentEntry& segment : entry.segments) {
    if (segment.fields != 0) continue;
    segment.fields = static_cast<std::uint32_t>(entry.schema.fields().size());
  }
  SIMILE_ASSIGN(entry.schema, Schema::make(std::move(fields)));
  return {};
}

Status add_field_to(segment::CollectionEntry& entry, const Field& field) {
  if (field.is_searched() || field.primary_key || (!field.nullable && !field.has_default())) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("field '", field.name, "': rows that are there need a value for it: a ",
                          "scalar field with a default, or a nullable one"));
  }
  std::vector<Field> fields = entry.schema.fields();
  fields.push_back(field);
  return edit_schema(entry, std::move(fields));
}

/// True for a field that is there, the numbers of BM25 or other limits apart: these may be changed.
bool may_be_changed(const Schema& schema, const Field& field) {
  const Field* now = schema.find(field.name);
  if (now == nullptr) return false;
  Field wanted = *now;
  if (now->metric == Metric::kBm25) {
    wanted.bm25_k1 = field.bm25_k1;
    wanted.bm25_b = field.bm25_b;
    return wanted == field;
  }
  wanted.max_length = field.max_length;
  wanted.max_capacity = field.max_capacity;
  return wanted == field && wanted != *now;
}

Status change_numbers(segment::CollectionEntry& entry, const Field& field) {
  std::vector<Field> fields = entry.schema.fields();
  std::ranges::replace_if(
      fields, [&](const Field& each) { return each.name == field.name; }, field);
  return edit_schema(entry, std::move(fields));
}

Field partition_field() {
  Field field;
  field.name = kPartitionField;
  field.type = FieldType::kInt32;
  field.default_value = std::int64_t{0};
  return field;
}

Status check_partition_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  if (!name.empty() && name.size() <= 255 && std::ranges::all_of(name, fits)) return {};
  return fail(ErrorCode::kInvalidArgument,
              join_text("partition name '", name.substr(0, 64),
                        "': letters, digits, '_', '-' and '.' are allowed, at most 255 of them"));
}

}  // namespace

Status Engine::change_entry(std::uint32_t id, const EditEntry& edit) {
  SIMILE_TRY(accepts_writes());
  const std::scoped_lock lock(manifest_mutex_);
  const std::shared_ptr<CollectionState> collection = find(id);
  if (!collection) return fail(ErrorCode::kNotFound, "the collection was dropped");
  Publication publication{manifest_, 0, {}};
  SIMILE_ASSIGN(segment::CollectionEntry * entry, entry_of(publication.next, *collection));
  SIMILE_TRY(edit(*entry));
  SIMILE_TRY(publish(publication));
  const std::scoped_lock commit(commit_mutex_);
  const segment::CollectionEntry& now = *manifest_.find(collection->id());
  collection->set_properties(now.properties);
  collection->set_partitions(now.partitions);
  return {};
}

Status Engine::change_schema(std::uint32_t id, const EditEntry& edit) {
  SIMILE_TRY(accepts_writes());
  SIMILE_ASSIGN(const auto building, lock_build(nullptr));
  const std::scoped_lock flushing(flush_mutex_);
  const std::shared_ptr<CollectionState> collection = find(id);
  if (!collection) return fail(ErrorCode::kNotFound, "the collection was dropped");
  // Writers wait from here on, so that nothing grows once it is sealed.
  const std::unique_lock gate(collection->gate());
  SIMILE_TRY(seal_locked(*collection, nullptr));
  const std::scoped_lock lock(manifest_mutex_);
  Publication publication{manifest_, 0, {}};
  SIMILE_ASSIGN(segment::CollectionEntry * entry, entry_of(publication.next, *collection));
  const segment::CollectionEntry before = *entry;
  SIMILE_TRY(edit(*entry));
  const auto schema = std::make_shared<const Schema>(entry->schema);
  std::vector<std::shared_ptr<segment::SealedSegment>> sealed;
  for (const segment::SegmentEntry& segment : entry->segments) {
    SIMILE_ASSIGN(auto opened, segment::SealedSegment::open(storage_, schema, segment));
    sealed.push_back(std::move(opened));
  }
  const segment::CollectionEntry after = *entry;
  SIMILE_TRY(publish(publication));
  {
    const std::scoped_lock commit(commit_mutex_);
    collection->change_schema(after.schema, std::move(sealed));
    collection->set_partitions(after.partitions);
  }
  std::vector<std::string> garbage;
  for (std::size_t s = 0; s < before.segments.size(); ++s) {
    for (const segment::DerivedEntry& derived : before.segments[s].derived) {
      if (after.segments[s].derived_file(derived.field) == derived.file) continue;
      garbage.push_back(segment::index_name(derived.file));
    }
  }
  remove_files(garbage);
  return {};
}

Status Engine::add_field(std::uint32_t id, const Field& field) {
  if (field.name == kPartitionField) {
    return fail(ErrorCode::kInvalidArgument, "partitions are made by create_partition()");
  }
  SIMILE_TRY(check_analyzers({&field, 1}));
  return change_schema(id, [&](segment::CollectionEntry& entry) {
    return may_be_changed(entry.schema, field) ? change_numbers(entry, field)
                                               : add_field_to(entry, field);
  });
}

Status Engine::change_vector_index(std::uint32_t id, std::string_view name, Metric metric,
                                   IndexKind kind) {
  const std::shared_ptr<CollectionState> collection = find(id);
  if (!collection) return fail(ErrorCode::kNotFound, "the collection was dropped");
  SIMILE_ASSIGN(const Field* now, collection->schema()->vector_field(name));
  if (now->metric == metric && now->index == kind) return {};
  Status changed = change_schema(id, [&](segment::CollectionEntry& entry) -> Status {
    SIMILE_ASSIGN(const Field* found, entry.schema.vector_field(name));
    const auto position = static_cast<std::size_t>(found - entry.schema.fields().data());
    std::vector<Field> fields = entry.schema.fields();
    const bool same_metric = fields[position].metric == metric;
    fields[position].metric = metric;
    fields[position].index = kind;
    if (!same_metric || kind == IndexKind::kFlat) {
      for (segment::SegmentEntry& segment : entry.segments) {
        segment.set_derived_file(static_cast<std::uint32_t>(position), 0);
      }
    }
    return edit_schema(entry, std::move(fields));
  });
  if (changed && maintenance_) maintenance_->notify();
  return changed;
}

Status Engine::change_scalar_index(std::uint32_t id, std::string_view name, ScalarIndex index) {
  const std::shared_ptr<CollectionState> collection = find(id);
  if (!collection) return fail(ErrorCode::kNotFound, "the collection was dropped");
  const auto known = collection->schema();
  const Field* now = known->find(name);
  if (now == nullptr) return fail(ErrorCode::kNotFound, join_text("no field '", name, "'"));
  if (now->scalar_index == index) return {};
  Status changed = change_schema(id, [&](segment::CollectionEntry& entry) -> Status {
    const Field* found = entry.schema.find(name);
    if (found == nullptr) return fail(ErrorCode::kNotFound, join_text("no field '", name, "'"));
    const auto position = static_cast<std::size_t>(found - entry.schema.fields().data());
    std::vector<Field> fields = entry.schema.fields();
    fields[position].scalar_index = index;
    // Of a primary key the file is the key map; the new schema is refused then.
    if (!fields[position].primary_key) {
      for (segment::SegmentEntry& segment : entry.segments) {
        segment.set_derived_file(static_cast<std::uint32_t>(position), 0);
      }
    }
    return edit_schema(entry, std::move(fields));
  });
  if (changed && maintenance_) maintenance_->notify();
  return changed;
}

Status Engine::create_partition(std::uint32_t id, std::string_view name) {
  SIMILE_TRY(check_partition_name(name));
  const auto add = [&](segment::CollectionEntry& entry) -> Status {
    if (entry.partitions.code_of(name)) {
      return fail(ErrorCode::kAlreadyExists,
                  join_text("there is a partition '", name, "' already"));
    }
    if (entry.schema.find(kPartitionField) == nullptr) {
      SIMILE_TRY(add_field_to(entry, partition_field()));
    }
    entry.partitions.entries.push_back({entry.partitions.next_code++, std::string(name)});
    return {};
  };
  const std::shared_ptr<CollectionState> collection = find(id);
  if (!collection) return fail(ErrorCode::kNotFound, "the collection was dropped");
  const bool has_field = collection->schema()->find(kPartitionField) != nullptr;
  return has_field ? change_entry(id, add) : change_schema(id, add);
}

Status Engine::drop_partition(std::uint32_t id, std::string_view name) {
  if (name == kDefaultPartition) {
    return fail(ErrorCode::kInvalidArgument, "the default partition cannot be dropped");
  }
  SIMILE_TRY(change_entry(id, [&](segment::CollectionEntry& entry) -> Status {
    SIMILE_ASSIGN(const std::int32_t code, entry.partitions.code_of(name));
    std::erase_if(entry.partitions.entries, [&](const auto& each) { return each.code == code; });
    entry.partitions.dropped.push_back(code);
    return {};
  }));
  return purge_dropped(id);
}

Status Engine::purge_dropped(std::uint32_t id) {
  const std::shared_ptr<CollectionState> collection = find(id);
  if (!collection) return {};
  const std::vector<std::int32_t> codes = collection->partitions()->dropped;
  if (codes.empty()) return {};
  WriteRequest request;
  RequestedOperation& operation = request.operations.emplace_back();
  operation.kind = RequestedOperation::Kind::kEraseWhere;
  operation.collection = collection;
  scalar::FilterOptions options;
  options.partitions = codes;
  SIMILE_ASSIGN(operation.where, scalar::Filter::compile("", *collection->schema(), options));
  operation.matched_at = ~std::uint64_t{0};
  SIMILE_TRY(write(request));
  return change_entry(id, [&](segment::CollectionEntry& entry) -> Status {
    std::erase_if(entry.partitions.dropped,
                  [&](std::int32_t code) { return std::ranges::count(codes, code) != 0; });
    return {};
  });
}

}  // namespace simile::db
