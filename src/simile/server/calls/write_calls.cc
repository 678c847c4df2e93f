#include <algorithm>
#include <cstring>

#include "simile/base/text.h"
#include "simile/server/access/row_limits.h"
#include "simile/server/calls/calls.h"
#include "simile/server/column_message.h"
#include "simile/server/filter_message.h"
#include "simile/server/index_names.h"
#include "simile/server/last_rows.h"
#include "simile/server/name_check.h"
#include "simile/server/schema_message.h"

namespace simile::server {

namespace {

/// Automatic keys that rows may bring: a property of the collection.
bool takes_named_keys(const CollectionHandle& handle) {
  const auto found = handle.meta->properties.find("allow_insert_auto_id");
  return found != handle.meta->properties.end() && upper_case(found->second) == "TRUE";
}

/// Every field has a column, but for what the collection gives itself.
Answer<void> need_columns(const CollectionHandle& handle, const Batch& batch) {
  for (const Field& field : handle.schema().fields()) {
    const bool given = std::ranges::any_of(
        batch.columns, [&](const ColumnView& column) { return column.field == field.name; });
    if (field.primary_key && field.auto_id && given && !takes_named_keys(handle)) {
      return refuse_parameter(
          join_text("more fieldData has pass in: invalid parameter: primary field ", field.name,
                    ", whose values are given out (auto_id is enabled); "
                    "leave it out"));
    }
    if (given || field.nullable || field.dynamic || field.name == kPartitionField ||
        field.has_default() || !field.source.empty() || (field.primary_key && field.auto_id)) {
      continue;
    }
    return refuse_parameter(join_text("fieldSchema(", field.name,
                                      ") has no corresponding fieldData pass in: "
                                      "collection '",
                                      handle.name(), "' needs a value of it in every row"));
  }
  return {};
}

KeysView keys_view(const ColumnView& keys, std::size_t rows) {
  if (keys.type == FieldType::kString) return keys.strings;
  return std::span(reinterpret_cast<const std::int64_t*>(keys.fixed.data()), rows);
}

/// The keys of the rows as they were given.
const ColumnView* key_column(const CollectionHandle& handle, const Batch& batch) {
  const auto found =
      std::ranges::find(batch.columns, handle.schema().primary_key().name, &ColumnView::field);
  return found == batch.columns.end() ? nullptr : &*found;
}

wire::MutationResult mutation_result(const CollectionHandle& handle, const Batch& batch,
                                     const WriteResult& written) {
  wire::MutationResult result;
  const ColumnView* keys = key_column(handle, batch);
  auto& ids = *result.mutable_ids();
  if (keys != nullptr && keys->type == FieldType::kString) {
    for (const std::string_view key : keys->strings) {
      ids.mutable_str_id()->add_data(std::string(key));
    }
  } else if (keys != nullptr) {
    auto& data = *ids.mutable_int_id()->mutable_data();
    data.Resize(static_cast<int>(batch.rows), 0);
    std::memcpy(data.mutable_data(), keys->fixed.data(), batch.rows * sizeof(std::int64_t));
  } else if (handle.schema().primary_key().type == FieldType::kString) {
    for (const std::int64_t id : written.ids) {
      ids.mutable_str_id()->add_data(std::to_string(id));
    }
  } else {
    ids.mutable_int_id()->mutable_data()->Add(written.ids.begin(), written.ids.end());
  }
  for (std::uint32_t i = 0; i < batch.rows; ++i) result.add_succ_index(i);
  result.set_acknowledged(true);
  result.set_timestamp(next_timestamp());
  return result;
}

template <class Request>
Answer<CollectionHandle> read_batch(CallContext& context, const Request& request,
                                    BorrowedBatch& borrowed) {
  SIMILE_ASSIGN(CollectionHandle handle, collection_of(context, request));
  // A client that does not know of a field would put its values into the dynamic one.
  const std::uint64_t known = request.schema_timestamp();
  if (known != 0 && known != handle.meta->schema_timestamp() && !context.embedded) {
    return refuse(FaultCode::kSchemaMismatch,
                  join_text("collection schema mismatch[collection=", handle.name(),
                            "]: its fields have changed; read them again"));
  }
  if (!request.partition_name().empty()) {
    SIMILE_TRY(check_name("partition", request.partition_name()));
  }
  SIMILE_TRY(check_named_partition(handle, request.partition_name()));
  borrowed.batch.partition = request.partition_name();
  SIMILE_TRY(read_columns(request.fields_data(), request.num_rows(), handle, borrowed));
  return handle;
}

Answer<wire::MutationResult> insert(CallContext& context, const wire::InsertRequest& request) {
  BorrowedBatch borrowed;
  SIMILE_ASSIGN(const CollectionHandle handle, read_batch(context, request, borrowed));
  if (!context.embedded) SIMILE_TRY(need_columns(handle, borrowed.batch));
  // Milvus' insert does not look whether a key is there; of rows with one key the last is read.
  SIMILE_TRY(check_written(context, "Insert", handle, borrowed.batch, true));
  const bool keyed = !context.embedded && key_column(handle, borrowed.batch) != nullptr;
  const Batch given = borrowed.batch;
  if (keyed) keep_last_rows(handle.schema().primary_key().name, borrowed);
  SIMILE_ASSIGN(const WriteResult written, keyed ? handle.collection->upsert(borrowed.batch)
                                                 : handle.collection->insert(borrowed.batch));
  wire::MutationResult result = mutation_result(handle, given, written);
  result.set_insert_cnt(request.num_rows());
  if (context.embedded) result.set_timestamp(written.sequence);
  return result;
}

/// Automatic keys are never given: a row that takes the place of another gets a new one.
Answer<WriteResult> replace_by_new_keys(CallContext& context, const CollectionHandle& handle,
                                        Batch& batch) {
  const ColumnView keys = *key_column(handle, batch);
  const auto null = std::ranges::find(keys.valid, std::uint8_t{0});
  if (null != keys.valid.end()) {
    return refuse_parameter(join_text("the primary key of row ", null - keys.valid.begin(),
                                      " is null; say which row is replaced"));
  }
  std::erase_if(batch.columns, [&](const ColumnView& each) { return each.field == keys.field; });
  std::vector<WriteOperation> operations(2);
  operations[0].kind = WriteOperation::Kind::kErase;
  operations[0].collection = handle.name();
  operations[0].keys = keys_view(keys, batch.rows);
  operations[1].kind = WriteOperation::Kind::kInsert;
  operations[1].collection = handle.name();
  operations[1].rows = batch;
  return context.service.catalog().write(handle.database, operations);
}

/// A row that is not there is made by an update that has all of its fields.
Fault told_as_milvus(const Error& error) {
  Fault fault(error);
  constexpr std::string_view kBefore = "without field '";
  const std::size_t at = error.message.find(kBefore);
  if (error.code != ErrorCode::kNotFound || at == std::string::npos) return fault;
  const std::string_view rest = std::string_view(error.message).substr(at + kBefore.size());
  fault.message =
      join_text("fieldSchema(", rest.substr(0, rest.find('\'')),
                ") has no corresponding fieldData pass in: invalid parameter; ", error.message);
  return fault;
}

Answer<wire::MutationResult> upsert(CallContext& context, const wire::UpsertRequest& request) {
  BorrowedBatch borrowed;
  SIMILE_ASSIGN(const CollectionHandle handle, read_batch(context, request, borrowed));
  Batch& batch = borrowed.batch;
  const bool parts = request.partial_update();
  if (parts && !context.embedded && !handle.meta->loaded) {
    return refuse(FaultCode::kCollectionNotLoaded,
                  join_text("failed to query: collection not loaded[collection=", handle.name(),
                            "]: load it before single fields are updated"));
  }
  SIMILE_TRY(check_written(context, "Upsert", handle, batch, !parts));
  const bool anew = !parts && !context.embedded && handle.schema().primary_key().auto_id &&
                    key_column(handle, batch) != nullptr;
  const auto write = [&]() -> Answer<WriteResult> {
    if (anew) return replace_by_new_keys(context, handle, batch);
    if (!parts) {
      SIMILE_ASSIGN(WriteResult done, handle.collection->upsert(batch));
      return done;
    }
    auto done = handle.collection->update(batch);
    if (!done) return std::unexpected(told_as_milvus(done.error()));
    return *done;
  };
  SIMILE_ASSIGN(const WriteResult written, write());
  wire::MutationResult result = mutation_result(handle, borrowed.batch, written);
  result.set_upsert_cnt(request.num_rows());
  if (context.embedded) result.set_timestamp(written.sequence);
  return result;
}

Answer<wire::MutationResult> remove(CallContext& context, const wire::DeleteRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  if (request.expr().find_first_not_of(" \t\r\n") == std::string::npos) {
    return refuse_parameter("the expression of a deletion is empty; say which rows go");
  }
  SIMILE_TRY(check_named_partition(handle, request.partition_name()));
  RowFilter filter;
  SIMILE_ASSIGN(const TimeZone zone, TimeZone::find(handle.meta->property(kTimeZoneProperty)));
  filter.where = zone.in_filter(request.expr());
  filter.cancel = context.cancel;
  SIMILE_ASSIGN(filter.values, parse_values(request.expr_template_values()));
  SIMILE_ASSIGN(filter.where, limit_filter(handle, filter.where, filter.values,
                                           rows_shown(context, "Delete", handle)));
  if (!request.partition_name().empty()) filter.partitions = {request.partition_name()};
  const std::string_view told =
      context.embedded ? std::string_view() : std::string_view(request.expr());
  SIMILE_ASSIGN(const WriteResult written,
                filtered(handle.collection->erase_where(filter), told, "delete"));
  wire::MutationResult result;
  result.set_acknowledged(true);
  result.set_delete_cnt(static_cast<std::int64_t>(written.rows));
  result.set_timestamp(context.embedded ? written.sequence : next_timestamp());
  result.mutable_ids();
  return result;
}

}  // namespace

void add_write_calls(MethodTable& table) {
  table.add("Insert", MethodKind::kWrite, insert);
  table.add("Upsert", MethodKind::kWrite, upsert);
  table.add("Delete", MethodKind::kWrite, remove);
}

}  // namespace simile::server
