#include <algorithm>

#include "simile/base/text.h"
#include "simile/server/calls/calls.h"
#include "simile/server/index_names.h"
#include "simile/server/schema_message.h"

namespace simile::server {

namespace {

std::string_view value_of(const Parameters& parameters, std::string_view key) {
  const auto found = parameters.find(key);
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

Answer<void> check_index_type(const Field& field, std::string_view type) {
  if (field.is_searched() ? index_kind_of(field, type).has_value() : is_scalar_index(type)) {
    return {};
  }
  return refuse_parameter(join_text("invalid parameter: index type ", type,
                                    " cannot be built on field ", field.name, " of type ",
                                    name_of(field.type)));
}

/// The metric that an index asks for; without one, that which Milvus takes.
Answer<Metric> metric_of(const Field& field, const Parameters& params) {
  const std::string_view name = value_of(params, "metric_type");
  if (field.type == FieldType::kSparse) {
    if (name.empty() || upper_case(name) == wire_name(field.metric)) return field.metric;
    return refuse_parameter(join_text("metric type ", name, " does not fit the sparse vectors of ",
                                      "field ", field.name, "; only ", wire_name(field.metric),
                                      " is supported"));
  }
  if (name.empty()) {
    return field.vector.element == ElementType::kBit ? Metric::kHamming : Metric::kCosine;
  }
  SIMILE_ASSIGN(const Metric metric, parse_wire_metric(name));
  if (!check_metric(metric, field.vector.element)) {
    return refuse_parameter(join_text("metric type ", name, " does not fit the ",
                                      name_of(field.vector.element), " vectors of field ",
                                      field.name));
  }
  return metric;
}

/// What is there already: the same index, which is no error, or another one, which is.
Answer<bool> is_there(const CollectionHandle& handle, const IndexMeta& asked) {
  const IndexMeta* same_field = handle.meta->index_of_field(asked.field);
  const IndexMeta* same_name = handle.meta->find_index(asked.name);
  if (same_field != nullptr && same_field->params == asked.params &&
      same_field->name == asked.name) {
    return true;
  }
  if (same_name != nullptr && same_name->field != asked.field) {
    return refuse_parameter(join_text("invalid parameter: index name ", asked.name,
                                      " is taken by field ", same_name->field,
                                      ": CreateIndex failed: duplicate index name"));
  }
  if (same_field != nullptr) {
    return refuse_parameter(join_text(
        "CreateIndex failed: at most one distinct index is allowed per field; drop index ",
        same_field->name, " first"));
  }
  return false;
}

Answer<wire_common::Status> create_index(CallContext& context,
                                         const wire::CreateIndexRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  const Field* field = handle.schema().find(request.field_name());
  if (field == nullptr) {
    return refuse(FaultCode::kFieldNotFound,
                  join_text("cannot create index on non-exist field: ", request.field_name()));
  }
  IndexMeta index{.name = request.index_name().empty() ? field->name : request.index_name(),
                  .field = field->name,
                  .id = static_cast<std::int64_t>(next_timestamp()),
                  .params = parameters_of(request.extra_params())};
  SIMILE_TRY(check_index_type(*field, value_of(index.params, "index_type")));
  index.params.try_emplace("index_type", "AUTOINDEX");
  Catalog& catalog = context.service.catalog();
  if (field->is_searched()) {
    SIMILE_ASSIGN(const Metric metric, metric_of(*field, index.params));
    index.params["metric_type"] = wire_name(metric);
    if (!context.embedded) {
      SIMILE_ASSIGN(const bool there, is_there(handle, index));
      if (there) return wire_common::Status();
    }
    SIMILE_TRY(
        catalog.change_vector_index(handle.database, handle.name(), field->name, metric,
                                    *index_kind_of(*field, value_of(index.params, "index_type"))));
  } else {
    SIMILE_ASSIGN(const bool there, is_there(handle, index));
    if (there) return wire_common::Status();
  }
  SIMILE_TRY(
      catalog.change(handle.database, handle.name(), [&](CollectionMeta& meta) -> Answer<void> {
        if (context.embedded) {
          std::erase_if(meta.indexes, [&](const auto& each) { return each.field == index.field; });
        }
        meta.indexes.push_back(index);
        return {};
      }));
  return wire_common::Status();
}

void describe(const CollectionHandle& handle, const IndexMeta& index,
              wire::IndexDescription& description) {
  const CollectionInfo info = handle.collection->info();
  description.set_index_name(index.name);
  description.set_indexid(index.id);
  description.set_field_name(index.field);
  add_parameters(index.params, *description.mutable_params());
  const Field* field = handle.schema().find(index.field);
  if (field != nullptr && field->is_searched()) {
    auto& serving = *description.add_params();
    serving.set_key("simile_index");
    serving.set_value(std::string(name_of(field->index)));
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
  SIMILE_ASSIGN(const auto indexes, indexes_of(handle, request));
  wire::DescribeIndexResponse response;
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
  if (!indexes) return wire_common::Status();  // nothing to drop
  const auto is_vector = [&](const IndexMeta& index) {
    const Field* field = handle.schema().find(index.field);
    return field != nullptr && field->is_searched();
  };
  if (handle.meta->loaded && std::ranges::any_of(*indexes, is_vector)) {
    return refuse_parameter(join_text("vector index cannot be dropped on loaded collection: ",
                                      handle.name(), "; release it first"));
  }
  SIMILE_TRY(context.service.catalog().change(
      handle.database, handle.name(), [&](CollectionMeta& meta) -> Answer<void> {
        std::erase_if(meta.indexes, [&](const IndexMeta& index) {
          return std::ranges::find(*indexes, index.name, &IndexMeta::name) != indexes->end();
        });
        return {};
      }));
  return wire_common::Status();
}

Answer<wire_common::Status> alter_index(CallContext& context,
                                        const wire::AlterIndexRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(indexes_of(handle, request));
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
