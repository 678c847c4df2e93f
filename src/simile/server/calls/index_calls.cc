#include <algorithm>

#include "simile/base/text.h"
#include "simile/server/calls/calls.h"
#include "simile/server/index_check.h"
#include "simile/server/index_names.h"
#include "simile/server/request_parameters.h"
#include "simile/server/schema_message.h"

namespace simile::server {

namespace {

/// The field that an index is for. A name that is no field is a key of the dynamic field, which can
/// have an index like a path of JSON.
Answer<const Field*> indexed_field(const CollectionHandle& handle, const std::string& name) {
  const Field* field = handle.schema().find(name);
  if (field == nullptr) field = handle.schema().find(kDynamicField);
  if (field != nullptr) return field;
  return refuse(FaultCode::kFieldNotFound,
                join_text("cannot create index on non-exist field: ", name));
}

/// bm25_k1 and bm25_b of an index on the words of a text.
Answer<void> change_bm25(const CollectionHandle& handle, const Field& field,
                         const wire::CreateIndexRequest& request) {
  if (field.metric != Metric::kBm25) return {};
  SIMILE_ASSIGN(const auto params, RequestParameters::parse(request.extra_params()));
  Field changed = field;
  const auto read = [&](std::string_view key, double most, float& to) -> Answer<void> {
    SIMILE_ASSIGN(const auto given, params.real(key));
    if (!given) return {};
    if (!(*given >= 0 && *given <= most)) {
      return refuse_parameter(join_text(key, "(", *given, ") should be in range [0, ", most, "]"));
    }
    to = static_cast<float>(*given);
    return {};
  };
  SIMILE_TRY(read("bm25_k1", 3, changed.bm25_k1));
  SIMILE_TRY(read("bm25_b", 1, changed.bm25_b));
  if (changed == field) return {};
  SIMILE_TRY(handle.collection->add_field(changed));
  return {};
}

Answer<void> change_scalar_index(Catalog& catalog, const CollectionHandle& handle,
                                 const Field& field, ScalarIndex index) {
  if (field.scalar_index == index) return {};
  SIMILE_TRY(catalog.change_scalar_index(handle.database, handle.name(), field.name, index));
  return {};
}

Answer<wire_common::Status> create_index(CallContext& context,
                                         const wire::CreateIndexRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_ASSIGN(const Parameters params, index_parameters(request.extra_params()));
  SIMILE_ASSIGN(const Field* field, indexed_field(handle, request.field_name()));
  const std::string own_name = default_index_name(*field, request.field_name(), params);
  IndexMeta index{.name = request.index_name().empty() ? own_name : request.index_name(),
                  .field = request.field_name(),
                  .id = static_cast<std::int64_t>(next_timestamp()),
                  .params = params};
  if (request.index_name().empty()) index.name = name_in_place(*handle.meta, index);
  SIMILE_TRY(check_index(*field, index.params));
  SIMILE_TRY(check_geometry_index(*field, handle.meta->find_field(field->name), index.params));
  index.params.try_emplace("index_type", "AUTOINDEX");
  Catalog& catalog = context.service.catalog();
  if (field->is_searched()) {
    SIMILE_ASSIGN(const Metric metric, index_metric(*field, index.params));
    index.params["metric_type"] = wire_name(metric);
    if (!context.embedded) {
      SIMILE_ASSIGN(const bool there, index_is_there(*handle.meta, index));
      if (there) return wire_common::Status();
    }
    SIMILE_TRY(change_bm25(handle, *field, request));
    SIMILE_TRY(catalog.change_vector_index(
        handle.database, handle.name(), field->name, metric,
        *index_kind_of(*field, index_parameter(index.params, "index_type"))));
  } else {
    if (!context.embedded) {
      SIMILE_ASSIGN(const bool there, index_is_there(*handle.meta, index));
      if (there) return wire_common::Status();
    }
    const std::string type = index_parameter(index.params, "index_type");
    const auto exactly = type == "NGRAM" ? ScalarIndex::kNgram : ScalarIndex::kInverted;
    SIMILE_TRY(change_scalar_index(catalog, handle, *field,
                                   context.embedded ? exactly : scalar_index_of(*field, type)));
  }
  SIMILE_TRY(
      catalog.change(handle.database, handle.name(), [&](CollectionMeta& meta) -> Answer<void> {
        if (context.embedded) {
          std::erase_if(meta.indexes, [&](const auto& each) { return each.field == index.field; });
        }
        // Another call may have made it since.
        SIMILE_ASSIGN(const bool there, index_is_there(meta, index));
        if (!there) meta.indexes.push_back(index);
        return {};
      }));
  return wire_common::Status();
}

void add_parameter(wire::IndexDescription& description, std::string_view key,
                   std::string_view value) {
  auto& pair = *description.add_params();
  pair.set_key(std::string(key));
  pair.set_value(std::string(value));
}

/// What serves a scalar field, and what it did so far.
void describe_serving(const std::vector<ScalarIndexInfo>& infos, std::string_view field,
                      wire::IndexDescription& description) {
  const auto info = std::ranges::find(infos, field, &ScalarIndexInfo::field);
  if (info == infos.end()) return add_parameter(description, "simile_index", "none");
  add_parameter(description, "simile_index", name_of(info->kind));
  add_parameter(description, "simile_indexed_rows", std::to_string(info->indexed_rows));
  add_parameter(description, "simile_disk_bytes", std::to_string(info->disk_bytes));
  add_parameter(description, "simile_uses", std::to_string(info->uses));
  add_parameter(description, "simile_rows_spared", std::to_string(info->rows_spared));
}

void describe(const CollectionHandle& handle, const IndexMeta& index,
              wire::IndexDescription& description) {
  const CollectionInfo info = handle.collection->info();
  description.set_index_name(index.name);
  description.set_indexid(index.id);
  description.set_field_name(index.field);
  add_parameters(asked_parameters(index), *description.mutable_params());
  const Field* field = handle.schema().find(index.field);
  if (field != nullptr && field->is_searched()) {
    add_parameter(description, "simile_index", name_of(field->index));
  } else {
    describe_serving(handle.collection->scalar_indexes(), index.field, description);
  }
  const auto rows = static_cast<std::int64_t>(info.rows);
  description.set_total_rows(rows);
  description.set_indexed_rows(rows);
  description.set_state(wire_common::IndexState::Finished);
}

/// The indexes a request means: of a field or a name, or all; none is a fault.
template <class Request>
Answer<std::vector<IndexMeta>> indexes_of(const CollectionHandle& handle, const Request& request) {
  std::vector<IndexMeta> found;
  for (const IndexMeta& index : handle.meta->indexes) {
    if (!request.index_name().empty() && index.name != request.index_name()) continue;
    if constexpr (requires { request.field_name(); }) {
      if (!request.field_name().empty() && request.index_name().empty() &&
          index.field != request.field_name()) {
        continue;
      }
    }
    found.push_back(index);
  }
  if (found.empty()) {
    return refuse(FaultCode::kIndexNotFound, join_text("index not found[collection=", handle.name(),
                                                       "][indexName=", request.index_name(), "]"));
  }
  return found;
}

Answer<wire::DescribeIndexResponse> describe_index(CallContext& context,
                                                   const wire::DescribeIndexRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  wire::DescribeIndexResponse response;
  if (context.embedded) {
    // Of scalar fields, also of those whose index was made by the embedded library.
    const auto infos = handle.collection->scalar_indexes();
    for (const ScalarIndexInfo& info : infos) {
      auto& description = *response.add_index_descriptions();
      description.set_field_name(info.field);
      description.set_total_rows(static_cast<std::int64_t>(info.rows));
      describe_serving(infos, info.field, description);
    }
    return response;
  }
  SIMILE_ASSIGN(const auto indexes, indexes_of(handle, request));
  for (const IndexMeta& index : indexes) {
    describe(handle, index, *response.add_index_descriptions());
  }
  return response;
}

Answer<wire::GetIndexStatisticsResponse> get_index_statistics(
    CallContext& context, const wire::GetIndexStatisticsRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_ASSIGN(const auto indexes, indexes_of(handle, request));
  wire::GetIndexStatisticsResponse response;
  for (const IndexMeta& index : indexes) {
    describe(handle, index, *response.add_index_descriptions());
  }
  return response;
}

Answer<wire::GetIndexStateResponse> get_index_state(CallContext& context,
                                                    const wire::GetIndexStateRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(indexes_of(handle, request));
  wire::GetIndexStateResponse response;
  response.set_state(wire_common::IndexState::Finished);
  return response;
}

Answer<wire::GetIndexBuildProgressResponse> get_index_build_progress(
    CallContext& context, const wire::GetIndexBuildProgressRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(indexes_of(handle, request));
  wire::GetIndexBuildProgressResponse response;
  const auto rows = static_cast<std::int64_t>(handle.collection->info().rows);
  response.set_indexed_rows(rows);
  response.set_total_rows(rows);
  return response;
}

Answer<wire_common::Status> drop_index(CallContext& context,
                                       const wire::DropIndexRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  const auto indexes = indexes_of(handle, request);
  Catalog& catalog = context.service.catalog();
  if (const Field* field = handle.schema().find(request.field_name());
      context.embedded && field != nullptr && !field->is_searched()) {
    // It may have been made by the embedded library.
    SIMILE_TRY(change_scalar_index(catalog, handle, *field, ScalarIndex::kNone));
  }
  if (!indexes) return wire_common::Status();  // nothing to drop
  const auto is_vector = [&](const IndexMeta& index) {
    const Field* field = handle.schema().find(index.field);
    return field != nullptr && field->is_searched();
  };
  if (handle.meta->loaded && std::ranges::any_of(*indexes, is_vector)) {
    return refuse_parameter(join_text("vector index cannot be dropped on loaded collection: ",
                                      handle.name(), "; release it first"));
  }
  for (const IndexMeta& index : *indexes) {
    const Field* field = handle.schema().find(index.field);
    if (field == nullptr || field->is_searched()) continue;
    const auto left = field->partition_key ? ScalarIndex::kInverted : ScalarIndex::kNone;
    SIMILE_TRY(change_scalar_index(catalog, handle, *field, left));
  }
  SIMILE_TRY(
      catalog.change(handle.database, handle.name(), [&](CollectionMeta& meta) -> Answer<void> {
        std::erase_if(meta.indexes, [&](const IndexMeta& index) {
          return std::ranges::find(*indexes, index.name, &IndexMeta::name) != indexes->end();
        });
        return {};
      }));
  return wire_common::Status();
}

/// What may be changed of an index that is there; both are kept and described, and change nothing.
Answer<void> check_alterable(const std::string& key) {
  if (key == "mmap.enabled" || key == "indexoffsetcache.enabled") return {};
  return refuse_parameter(join_text(key, " is not a configable index property"));
}

Answer<void> check_altered(const wire::AlterIndexRequest& request) {
  for (const auto& pair : request.extra_params()) {
    SIMILE_TRY(check_alterable(pair.key()));
    const std::string value = upper_case(pair.value());
    if (value == "TRUE" || value == "FALSE") continue;
    return refuse_parameter(
        join_text("invalid ", pair.key(), " value: ", pair.value(), ", expected: true, false"));
  }
  for (const std::string& key : request.delete_keys()) SIMILE_TRY(check_alterable(key));
  return {};
}

Answer<wire_common::Status> alter_index(CallContext& context,
                                        const wire::AlterIndexRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(indexes_of(handle, request));
  SIMILE_TRY(check_altered(request));
  if (handle.meta->loaded || !handle.meta->loaded_partitions.empty()) {
    return refuse(FaultCode::kCollectionLoaded,
                  join_text("can't alter index on loaded collection, please release the collection "
                            "first: collection already loaded[collection=",
                            handle.name(), "]"));
  }
  SIMILE_TRY(context.service.catalog().change(
      handle.database, handle.name(), [&](CollectionMeta& meta) -> Answer<void> {
        const auto index = std::ranges::find(meta.indexes, request.index_name(), &IndexMeta::name);
        if (index == meta.indexes.end()) return {};
        for (const auto& pair : request.extra_params()) index->params[pair.key()] = pair.value();
        for (const std::string& key : request.delete_keys()) index->params.erase(key);
        return {};
      }));
  return wire_common::Status();
}

}  // namespace

void add_index_calls(MethodTable& table) {
  table.add("CreateIndex", MethodKind::kAdmin, create_index);
  table.add("DescribeIndex", MethodKind::kAdmin, describe_index);
  table.add("GetIndexStatistics", MethodKind::kAdmin, get_index_statistics);
  table.add("GetIndexState", MethodKind::kAdmin, get_index_state);
  table.add("GetIndexBuildProgress", MethodKind::kAdmin, get_index_build_progress);
  table.add("DropIndex", MethodKind::kAdmin, drop_index);
  table.add("AlterIndex", MethodKind::kAdmin, alter_index);
}

}  // namespace simile::server
