// What there is: the server, its databases, collections and their fields; and what changes them.

#include <algorithm>

#include "simile/base/text.h"
#include "simile/pictures/picture_collection.h"
#include "simile/server/access/caller.h"
#include "simile/server/ui/page_call.h"
#include "simile/server/ui/page_rows.h"
#include "simile/server/ui/page_state.h"
#include "simile/version.h"

namespace simile::server {

namespace {

/// The server itself, and whether whoever asks may use it.
Answer<PageReply> hello(PageCall& call) {
  const PageOptions& options = call.state.options();
  Json databases = Json::array();
  for (const DatabaseSummary& each : call.service().catalog().databases()) {
    if (call.context.caller->sees_database(each.name)) databases.push_back(each.name);
  }
  Json models = Json::array();
  for (const RegisteredModel& each : list_models()) models.push_back(each.card.name);
  return Json{{"version", SIMILE_VERSION},
              {"kernels", kernel_target()},
              {"database_path", options.database_path},
              {"grpc_address", options.grpc_address},
              {"picture_folders", options.picture_folders},
              {"upload_bytes_max", options.upload_bytes_max},
              {"databases", databases},
              {"models", models},
              {"user", call.context.caller->user()}};
}

Json field_json(const Field& field) {
  Json json = {{"name", field.name},
               {"type", name_of(field.type)},
               {"text", describe(field)},
               {"key", field.primary_key},
               {"nullable", field.nullable},
               {"dynamic", field.dynamic},
               {"shown", field.name != kThumbnail && field.name != kPartitionField}};
  if (field.type == FieldType::kArray) json["element"] = name_of(field.element_type);
  if (field.type == FieldType::kSparse) {
    json["metric"] = name_of(field.metric);
    json["index"] = name_of(field.index);
    if (!field.source.empty()) json["words_of"] = field.source;
  }
  if (field.type != FieldType::kVector) return json;
  json["element"] = name_of(field.vector.element);
  json["dimension"] = field.vector.dim;
  json["metric"] = name_of(field.metric);
  json["index"] = name_of(field.index);
  json["optimize"] = name_of(field.optimize);
  if (field.model_card.empty()) return json;
  if (const auto card = ModelCard::parse(field.model_card)) json["model"] = card->name;
  return json;
}

Json info_json(const CollectionInfo& info) {
  return {{"name", info.name},
          {"rows", info.rows},
          {"deleted_rows", info.deleted_rows},
          {"sealed_segments", info.sealed_segments},
          {"growing_rows", info.growing_rows},
          {"indexed_rows", info.indexed_rows},
          {"disk_bytes", info.disk_bytes},
          {"memory_bytes", info.memory_bytes}};
}

Json collection_json(const CollectionHandle& handle) {
  Json json = info_json(handle.collection->info());
  json["name"] = handle.name();
  Json fields = Json::array();
  for (const Field& field : handle.schema().fields()) fields.push_back(field_json(field));
  json["fields"] = std::move(fields);
  json["aliases"] = handle.meta->aliases;
  json["partitions"] = handle.collection->partitions();
  json["pictures"] = pictures::card_of(*handle.collection).has_value();
  return json;
}

Answer<PageReply> collections(PageCall& call) {
  SIMILE_ASSIGN(const auto handles, call.service().catalog().collections(call.database()));
  Json list = Json::array();
  for (const CollectionHandle& handle : handles) {
    const Target target{.database = handle.database, .collection = handle.name()};
    if (call.context.caller->sees(target)) list.push_back(collection_json(handle));
  }
  return Json{{"collections", list}};
}

Answer<PageReply> collection(PageCall& call) {
  SIMILE_ASSIGN(const CollectionHandle handle, call.collection());
  Json json = collection_json(handle);
  json["growth"] = call.state.growth().of(handle.database, handle.name());
  return json;
}

Answer<PageReply> drop(PageCall& call) {
  SIMILE_ASSIGN(const CollectionHandle handle, call.collection());
  SIMILE_TRY(call.service().catalog().drop_collection(call.database(), handle.name()));
  return Json{{"dropped", handle.name()}};
}

Answer<PageReply> compact(PageCall& call) {
  SIMILE_ASSIGN(const CollectionHandle handle, call.collection());
  auto work = [handle](Job& job) -> Status {
    SIMILE_TRY(handle.collection->compact(
        [&](std::uint64_t done, std::uint64_t total) { job.set_progress(done, total); },
        &job.cancel()));
    job.set_result({{"collection", handle.name()}, {"rows", handle.collection->info().rows}});
    return {};
  };
  SIMILE_ASSIGN(const std::uint64_t number,
                call.state.jobs().start("compact", handle.name(), std::move(work)));
  return Json{{"job", number}};
}

Answer<PageReply> remove(PageCall& call) {
  SIMILE_ASSIGN(const CollectionHandle handle, call.collection());
  SIMILE_ASSIGN(const std::string key, call.needed("key"));
  const auto snapshot = handle.collection->snapshot();
  SIMILE_ASSIGN(const Table row, row_of(*snapshot, key, {}));
  const Column& keys = *row.find(handle.schema().primary_key().name);
  WriteResult written;
  if (keys.type == FieldType::kString) {
    const std::string_view text[] = {keys.strings[0]};
    SIMILE_ASSIGN(written, handle.collection->erase(std::span<const std::string_view>(text)));
  } else {
    SIMILE_ASSIGN(written, handle.collection->erase(keys.values<std::int64_t>()));
  }
  return Json{{"deleted", written.rows}};
}

}  // namespace

void add_overview_routes(std::vector<PageRoute>& routes) {
  routes.push_back({"GET", "/ui/api/hello", kSignedIn, hello});
  routes.push_back({"GET", "/ui/api/collections", kSignedIn, collections});
  routes.push_back({"GET", "/ui/api/collection", kVisible, collection});
  routes.push_back({"POST", "/ui/api/collection/drop", on_collection("DropCollection"), drop});
  routes.push_back({"POST", "/ui/api/collection/compact", on_collection("Compaction"), compact});
  routes.push_back({"POST", "/ui/api/row/delete", on_collection("Delete"), remove});
}

}  // namespace simile::server
