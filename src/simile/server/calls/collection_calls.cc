#include <algorithm>

#include "simile/base/text.h"
#include "simile/server/access/caller.h"
#include "simile/server/access/row_limits.h"
#include "simile/server/calls/calls.h"
#include "simile/server/embedded_schema.h"
#include "simile/server/filter_message.h"
#include "simile/server/schema_message.h"
#include "simile/server/time_zone.h"

namespace simile::server {

namespace {

constexpr int kTimestampLogicalBits = 18;
constexpr int kShardsMax = 16;
constexpr std::int64_t kPartitionsMax = 4'096;
constexpr std::int64_t kPartitionsWithKey = 16;
constexpr std::int64_t kPercent = 100;

/// A field without what an index sets later.
Field without_index(Field field) {
  field.metric = Metric::kL2;
  field.index = IndexKind::kGraph;
  field.bm25_k1 = Field().bm25_k1;
  field.bm25_b = Field().bm25_b;
  field.scalar_index = ScalarIndex::kNone;
  return field;
}

bool same_schema(const CollectionHandle& there, const ParsedSchema& asked) {
  std::vector<Field> fields = there.schema().fields();
  std::erase_if(fields, [](const Field& field) { return field.name == kPartitionField; });
  const auto same = [](const Field& a, const Field& b) {
    return without_index(a) == without_index(b);
  };
  if (!std::ranges::equal(fields, asked.fields, same)) return false;
  return std::ranges::all_of(asked.meta.fields, [&](const FieldMeta& field) {
    const FieldMeta* meta = there.meta->find_field(field.name);
    return meta != nullptr && meta->type_params == field.type_params;
  });
}

/// What is described as the number of partitions. With a partition key there is no need to choose
/// it well: its index finds the rows of each value by themselves, whatever others share a
/// partition.
Answer<std::int64_t> partition_count_of(std::int64_t asked, const std::vector<Field>& fields) {
  if (std::ranges::none_of(fields, &Field::partition_key)) {
    if (asked == 0) return 1;
    return refuse_parameter(
        "num_partitions should only be specified with partition key field enabled");
  }
  if (asked < 0) {
    return refuse_parameter(
        "the specified partitions should be greater than 0 if partition key is used");
  }
  if (asked > kPartitionsMax) {
    return refuse_parameter(join_text("partition number (", asked, ") exceeds max configuration (",
                                      kPartitionsMax, ")"));
  }
  return asked == 0 ? kPartitionsWithKey : asked;
}

Answer<wire_common::Status> create_collection(CallContext& context,
                                              const wire::CreateCollectionRequest& request) {
  SIMILE_TRY(check_name("collection", request.collection_name()));
  wire_schema::CollectionSchema message;
  if (!message.ParseFromString(request.schema())) {
    return refuse_parameter("the schema of the request is no CollectionSchema message");
  }
  SIMILE_ASSIGN(ParsedSchema parsed,
                context.embedded ? parse_embedded_schema(message) : parse_schema(message));
  Catalog& catalog = context.service.catalog();
  const std::string_view database = database_of(context, request);
  if (const auto there = catalog.find(database, request.collection_name());
      there && there->name() == request.collection_name()) {
    if (context.embedded) {
      return refuse(Error{ErrorCode::kAlreadyExists,
                          join_text("there is a collection '", there->name(), "' already")});
    }
    if (same_schema(*there, parsed)) return wire_common::Status();
    return refuse(FaultCode::kNotReady,
                  join_text("create duplicate collection with different parameters, collection: ",
                            request.collection_name()));
  }
  CollectionMeta& meta = parsed.meta;
  meta.id = static_cast<std::int64_t>(next_timestamp());
  meta.created = static_cast<std::uint64_t>(meta.id);
  meta.consistency_level = request.consistency_level();
  if (request.shards_num() > kShardsMax) {
    return refuse_parameter(join_text("maximum shards's number should be limited to ", kShardsMax));
  }
  meta.shards = std::max(1, request.shards_num());
  SIMILE_ASSIGN(meta.partition_count, partition_count_of(request.num_partitions(), parsed.fields));
  meta.properties = parameters_of(request.properties());
  if (meta.property(kTimeZoneProperty).empty() && !context.embedded) {
    SIMILE_ASSIGN(const DatabaseSummary whole, catalog.describe_database(database));
    const auto zone = whole.properties.find(kTimeZoneProperty);
    meta.properties[std::string(kTimeZoneProperty)] =
        zone == whole.properties.end() ? "UTC" : zone->second;
  }
  SIMILE_TRY(TimeZone::find(meta.property(kTimeZoneProperty)));
  SIMILE_ASSIGN(const Schema schema, Schema::make(std::move(parsed.fields)));
  SIMILE_TRY(catalog.create_collection(database, request.collection_name(), schema,
                                       std::move(parsed.meta)));
  return wire_common::Status();
}

void describe(const CallContext& context, const CollectionHandle& handle,
              wire::DescribeCollectionResponse& response) {
  const CollectionMeta& meta = *handle.meta;
  if (context.embedded) {
    describe_embedded_schema(handle, *response.mutable_schema());
  } else {
    describe_schema(handle, *response.mutable_schema());
  }
  response.set_collection_name(handle.name());
  response.set_db_name(handle.database);
  response.set_collectionid(meta.id);
  response.set_created_timestamp(meta.created);
  response.set_created_utc_timestamp(meta.created >> kTimestampLogicalBits);
  response.set_update_timestamp(meta.schema_timestamp());
  response.set_update_timestamp_str(std::to_string(meta.schema_timestamp()));
  response.set_request_time(next_timestamp());
  response.set_shards_num(meta.shards);
  response.set_num_partitions(meta.partition_count);
  response.set_consistency_level(
      static_cast<wire_common::ConsistencyLevel>(meta.consistency_level));
  for (const std::string& alias : meta.aliases) response.add_aliases(alias);
  add_parameters(meta.properties, *response.mutable_properties());
}

Answer<CollectionHandle> by_name_or_id(CallContext& context, std::string_view database,
                                       const std::string& name, std::int64_t id) {
  Catalog& catalog = context.service.catalog();
  if (!name.empty() || id == 0) return catalog.find(database, name);
  SIMILE_ASSIGN(const auto handles, catalog.collections(database));
  for (const CollectionHandle& handle : handles) {
    if (handle.meta->id == id) return handle;
  }
  return refuse(FaultCode::kCollectionNotFound,
                join_text("can't find collection[collection=", id, "]"));
}

Answer<wire::DescribeCollectionResponse> describe_collection(
    CallContext& context, const wire::DescribeCollectionRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle,
                by_name_or_id(context, database_of(context, request), request.collection_name(),
                              request.collectionid()));
  wire::DescribeCollectionResponse response;
  describe(context, handle, response);
  return response;
}

Answer<wire::BatchDescribeCollectionResponse> batch_describe_collection(
    CallContext& context, const wire::BatchDescribeCollectionRequest& request) {
  if (request.collection_name().empty() && request.collectionid().empty()) {
    return refuse_parameter("name the collections to describe: there is none in the request");
  }
  wire::BatchDescribeCollectionResponse response;
  const std::string_view database = database_of(context, request);
  for (const std::string& name : request.collection_name()) {
    SIMILE_ASSIGN(const CollectionHandle handle, by_name_or_id(context, database, name, 0));
    describe(context, handle, *response.add_responses());
  }
  for (const std::int64_t id : request.collectionid()) {
    SIMILE_ASSIGN(const CollectionHandle handle, by_name_or_id(context, database, "", id));
    describe(context, handle, *response.add_responses());
  }
  return response;
}

Answer<wire::BoolResponse> has_collection(CallContext& context,
                                          const wire::HasCollectionRequest& request) {
  wire::BoolResponse response;
  response.set_value(context.service.catalog().has_collection(database_of(context, request),
                                                              request.collection_name()));
  return response;
}

Answer<wire::ShowCollectionsResponse> show_collections(
    CallContext& context, const wire::ShowCollectionsRequest& request) {
  wire::ShowCollectionsResponse response;
  SIMILE_ASSIGN(const auto handles,
                context.service.catalog().collections(database_of(context, request)));
  const bool in_memory = request.type() == wire::ShowType::InMemory;
  const auto& names = request.collection_names();
  for (const CollectionHandle& handle : handles) {
    if (!context.caller->sees({.database = handle.database, .collection = handle.name()})) continue;
    if (names.empty() ? in_memory && !handle.meta->loaded
                      : std::ranges::find(names, handle.name()) == names.end()) {
      continue;
    }
    if (in_memory) response.add_inmemory_percentages(handle.meta->loaded ? kPercent : 0);
    response.add_collection_names(handle.name());
    response.add_collection_ids(handle.meta->id);
    response.add_created_timestamps(handle.meta->created);
    response.add_created_utc_timestamps(handle.meta->created >> kTimestampLogicalBits);
    response.add_query_service_available(handle.meta->loaded);
    response.add_shards_num(handle.meta->shards);
  }
  return response;
}

Answer<wire_common::Status> drop_collection(CallContext& context,
                                            const wire::DropCollectionRequest& request) {
  if (context.embedded) SIMILE_TRY(collection_of(context, request));
  SIMILE_TRY(context.service.catalog().drop_collection(database_of(context, request),
                                                       request.collection_name()));
  return wire_common::Status();
}

Answer<wire_common::Status> rename_collection(CallContext& context,
                                              const wire::RenameCollectionRequest& request) {
  const std::string_view database = database_of(context, request);
  if (!request.newdbname().empty() && request.newdbname() != database) {
    return refuse_parameter("a collection cannot be moved into another database by renaming it");
  }
  if (request.oldname() == request.newname()) {
    return refuse_parameter("collection name or database name should be different");
  }
  SIMILE_TRY(
      context.service.catalog().rename_collection(database, request.oldname(), request.newname()));
  return wire_common::Status();
}

Answer<wire::TruncateCollectionResponse> truncate_collection(
    CallContext& context, const wire::TruncateCollectionRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(handle.collection->truncate());
  return wire::TruncateCollectionResponse();
}

Answer<wire::GetCollectionStatisticsResponse> get_collection_statistics(
    CallContext& context, const wire::GetCollectionStatisticsRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  wire::GetCollectionStatisticsResponse response;
  auto& stat = *response.add_stats();
  stat.set_key("row_count");
  RowFilter filter;
  filter.cancel = context.cancel;
  filter.where = rows_shown(context, "Query", handle);
  if (filter.where.empty()) filter.where = rows_shown(context, "Search", handle);
  std::uint64_t rows = handle.collection->info().rows;
  if (!filter.where.empty()) {
    SIMILE_ASSIGN(rows, handle.collection->snapshot()->count(filter));
  }
  stat.set_value(std::to_string(rows));
  return response;
}

/// What Milvus does not change while a collection is loaded, or at all.
Answer<void> check_property(const CollectionMeta& meta, const std::string& key, bool removed) {
  const bool mapped = key == "mmap.enabled" || key == "lazyload.enabled";
  if (mapped && meta.loaded) {
    return refuse_parameter(join_text("can not ", removed ? "delete" : "alter",
                                      " mmap properties if collection loaded"));
  }
  if (removed && key == "dynamicfield.enabled") {
    return refuse_parameter("cannot delete key dynamicfield.enabled");
  }
  return {};
}

/// The dynamic field can be added to a collection that has none.
Answer<void> change_dynamic_field(CallContext& context, const CollectionHandle& handle,
                                  std::string_view value) {
  const bool wanted = value == "true" || value == "True";
  const bool there = handle.schema().find(kDynamicField) != nullptr;
  if (wanted == there) return {};
  if (!wanted) {
    return refuse_parameter("dynamic schema cannot supported to be disabled: invalid parameter");
  }
  SIMILE_TRY(
      context.service.catalog().add_field(handle.database, handle.name(), dynamic_field(), {}));
  return {};
}

Answer<wire_common::Status> alter_collection(CallContext& context,
                                             const wire::AlterCollectionRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle,
                by_name_or_id(context, database_of(context, request), request.collection_name(),
                              request.collectionid()));
  if (request.properties().empty() && request.delete_keys().empty()) {
    return refuse_parameter("no properties or delete keys provided");
  }
  for (const auto& pair : request.properties()) {
    if (pair.key() != "dynamicfield.enabled" || context.embedded) continue;
    SIMILE_TRY(change_dynamic_field(context, handle, pair.value()));
  }
  const auto change = [&](CollectionMeta& meta) -> Answer<void> {
    for (const auto& pair : request.properties()) {
      SIMILE_TRY(check_property(meta, pair.key(), false));
      if (pair.key() == kTimeZoneProperty) SIMILE_TRY(TimeZone::find(pair.value()));
      if (pair.key() == "collection.description") {
        meta.description = pair.value();
      } else {
        meta.properties[pair.key()] = pair.value();
      }
    }
    for (const std::string& key : request.delete_keys()) {
      SIMILE_TRY(check_property(meta, key, true));
      meta.properties.erase(key);
    }
    return {};
  };
  SIMILE_TRY(context.service.catalog().change(handle.database, handle.name(), change));
  return wire_common::Status();
}

/// Rows that are there hold null or a default in a field that is added, so it is no key.
Answer<void> check_added(const wire_schema::FieldSchema& message) {
  const auto refuse_field = [&](std::string_view why) {
    return refuse_parameter(
        join_text(why, ", field name = ", message.name(), ": invalid parameter"));
  };
  const bool vector = message.data_type() >= wire_schema::DataType::BinaryVector;
  const auto is_dim = [](const auto& pair) { return pair.key() == "dim"; };
  if (vector && message.data_type() != wire_schema::DataType::SparseFloatVector &&
      std::ranges::none_of(message.type_params(), is_dim)) {
    return refuse_field("vector field must have dimension specified");
  }
  if (message.is_primary_key()) return refuse_field("not support to add pk field");
  if (message.is_partition_key()) {
    return refuse_parameter(join_text("not support to add partition key field, field name  = ",
                                      message.name(), ": invalid parameter"));
  }
  if (!message.nullable()) return refuse_field("added field must be nullable, please check it");
  return {};
}

Answer<wire_common::Status> add_collection_field(CallContext& context,
                                                 const wire::AddCollectionFieldRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  wire_schema::FieldSchema message;
  if (!message.ParseFromString(request.schema())) {
    return refuse_parameter("the schema of the request is no FieldSchema message");
  }
  FieldMeta added;
  if (!context.embedded) SIMILE_TRY(check_added(message));
  SIMILE_ASSIGN(const Field field, context.embedded
                                       ? parse_embedded_field(message)
                                       : parse_field_schema(message, added, handle.name()));
  added.name = field.name;
  if (handle.schema().find(field.name) != nullptr) {
    return refuse_parameter(join_text("duplicate field name: ", field.name, ": invalid parameter"));
  }
  SIMILE_TRY(
      context.service.catalog().add_field(handle.database, handle.name(), field, std::move(added)));
  return wire_common::Status();
}

/// The limits of texts and arrays, which the engine keeps.
Answer<void> change_limits(CallContext& context, const wire::AlterCollectionFieldRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  const Field* now = handle.schema().find(request.field_name());
  if (now == nullptr) return {};
  FieldMeta asked;
  asked.name = now->name;
  asked.type_params = parameters_of(request.properties());
  SIMILE_ASSIGN(const Field changed, change_field_limits(*now, asked, handle.name()));
  if (changed == *now) return {};
  SIMILE_TRY(context.service.catalog().change_field(handle.database, handle.name(), changed));
  return {};
}

Answer<wire_common::Status> alter_collection_field(
    CallContext& context, const wire::AlterCollectionFieldRequest& request) {
  SIMILE_TRY(change_limits(context, request));
  SIMILE_TRY(context.service.catalog().change(
      database_of(context, request), request.collection_name(),
      [&](CollectionMeta& meta) -> Answer<void> {
        const auto field = std::ranges::find(meta.fields, request.field_name(), &FieldMeta::name);
        if (field == meta.fields.end()) {
          return refuse(FaultCode::kFieldNotFound,
                        join_text("field ", request.field_name(), " does not exist in collection ",
                                  request.collection_name()));
        }
        for (const auto& pair : request.properties()) {
          if (pair.key() == "enable_analyzer" || pair.key() == "analyzer_params") {
            return refuse_parameter(
                join_text(pair.key(), " does not allow update in collection field param"));
          }
          if (pair.key() == "field.description") {
            field->description = pair.value();
          } else {
            field->type_params[pair.key()] = pair.value();
          }
        }
        for (const std::string& key : request.delete_keys()) field->type_params.erase(key);
        meta.updated = next_timestamp();
        return {};
      }));
  return wire_common::Status();
}

}  // namespace

void add_collection_calls(MethodTable& table) {
  table.add("CreateCollection", MethodKind::kAdmin, create_collection);
  table.add("DescribeCollection", MethodKind::kAdmin, describe_collection);
  table.add("BatchDescribeCollection", MethodKind::kAdmin, batch_describe_collection);
  table.add("HasCollection", MethodKind::kAdmin, has_collection);
  table.add("ShowCollections", MethodKind::kAdmin, show_collections);
  table.add("DropCollection", MethodKind::kAdmin, drop_collection);
  table.add("RenameCollection", MethodKind::kAdmin, rename_collection);
  table.add("TruncateCollection", MethodKind::kAdmin, truncate_collection);
  table.add("GetCollectionStatistics", MethodKind::kAdmin, get_collection_statistics);
  table.add("AlterCollection", MethodKind::kAdmin, alter_collection);
  table.add("AddCollectionField", MethodKind::kAdmin, add_collection_field);
  table.add("AlterCollectionField", MethodKind::kAdmin, alter_collection_field);
}

}  // namespace simile::server
