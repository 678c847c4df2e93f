#include "simile/server/collection_meta.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>

namespace simile::server {

namespace {

using Json = nlohmann::json;

Json to_json(const FieldMeta& field) {
  return {{"name", field.name},
          {"id", field.id},
          {"data_type", field.data_type},
          {"description", field.description},
          {"type_params", field.type_params},
          {"clustering_key", field.clustering_key}};
}

Json to_json(const IndexMeta& index) {
  return {{"name", index.name}, {"field", index.field}, {"id", index.id}, {"params", index.params}};
}

Parameters parameters_of(const Json& object, const char* key) {
  Parameters parameters;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_object()) return parameters;
  for (const auto& [name, value] : found->items()) {
    if (value.is_string()) parameters[name] = value.get<std::string>();
  }
  return parameters;
}

FieldMeta field_of(const Json& object) {
  return {.name = object.value("name", ""),
          .id = object.value("id", std::int64_t{0}),
          .data_type = object.value("data_type", 0),
          .description = object.value("description", ""),
          .type_params = parameters_of(object, "type_params"),
          .clustering_key = object.value("clustering_key", false)};
}

IndexMeta index_of(const Json& object) {
  return {.name = object.value("name", ""),
          .field = object.value("field", ""),
          .id = object.value("id", std::int64_t{0}),
          .params = parameters_of(object, "params")};
}

CollectionMeta meta_of(const Json& object) {
  CollectionMeta meta;
  meta.id = object.value("id", std::int64_t{0});
  meta.created = object.value("created", std::uint64_t{0});
  meta.updated = object.value("updated", std::uint64_t{0});
  meta.description = object.value("description", "");
  meta.consistency_level = object.value("consistency_level", 2);
  meta.shards = object.value("shards", 1);
  meta.partition_count = object.value("partition_count", std::int64_t{1});
  meta.properties = parameters_of(object, "properties");
  for (const Json& field : object.value("fields", Json::array())) {
    meta.fields.push_back(field_of(field));
  }
  for (const Json& index : object.value("indexes", Json::array())) {
    meta.indexes.push_back(index_of(index));
  }
  meta.functions = object.value("functions", "");
  meta.loaded = object.value("loaded", false);
  meta.loaded_partitions = object.value("loaded_partitions", std::set<std::string, std::less<>>());
  meta.aliases = object.value("aliases", std::set<std::string, std::less<>>());
  meta.partition_ids =
      object.value("partition_ids", std::map<std::string, std::int64_t, std::less<>>());
  return meta;
}

}  // namespace

std::string_view CollectionMeta::property(std::string_view name) const {
  const auto found = properties.find(name);
  return found == properties.end() ? std::string_view() : std::string_view(found->second);
}

const FieldMeta* CollectionMeta::find_field(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, &FieldMeta::name);
  return found == fields.end() ? nullptr : &*found;
}

const IndexMeta* CollectionMeta::find_index(std::string_view name) const {
  const auto found = std::ranges::find(indexes, name, &IndexMeta::name);
  return found == indexes.end() ? nullptr : &*found;
}

const IndexMeta* CollectionMeta::index_of_field(std::string_view field) const {
  const auto found = std::ranges::find(indexes, field, &IndexMeta::field);
  return found == indexes.end() ? nullptr : &*found;
}

std::string CollectionMeta::to_json() const {
  Json object = {{"id", id},
                 {"created", created},
                 {"updated", updated},
                 {"description", description},
                 {"consistency_level", consistency_level},
                 {"shards", shards},
                 {"partition_count", partition_count},
                 {"properties", properties},
                 {"fields", Json::array()},
                 {"indexes", Json::array()},
                 {"functions", functions},
                 {"loaded", loaded},
                 {"loaded_partitions", loaded_partitions},
                 {"aliases", aliases},
                 {"partition_ids", partition_ids}};
  for (const FieldMeta& field : fields) object["fields"].push_back(server::to_json(field));
  for (const IndexMeta& index : indexes) object["indexes"].push_back(server::to_json(index));
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

CollectionMeta CollectionMeta::from_json(std::string_view text) {
  const Json object = Json::parse(text, nullptr, false);
  if (!object.is_object()) return {};
  try {
    return meta_of(object);
  } catch (const Json::exception&) {  // a value of another type: somebody else's text
    return {};
  }
}

void match_fields(CollectionMeta& meta, const Schema& schema) {
  std::erase_if(meta.fields,
                [&](const FieldMeta& field) { return schema.find(field.name) == nullptr; });
  std::int64_t next = kFirstFieldId;
  for (const FieldMeta& field : meta.fields) next = std::max(next, field.id + 1);
  for (const Field& field : schema.fields()) {
    if (meta.find_field(field.name) != nullptr || field.name == kPartitionField) continue;
    FieldMeta added;
    added.name = field.name;
    added.id = next++;
    meta.fields.push_back(std::move(added));
  }
}

CollectionMeta searchable_meta(const Schema& schema) {
  CollectionMeta meta;
  meta.id = static_cast<std::int64_t>(next_timestamp());
  meta.created = static_cast<std::uint64_t>(meta.id);
  meta.loaded = true;
  for (const Field& field : schema.fields()) {
    if (!field.is_searched()) continue;
    meta.indexes.push_back({.name = field.name,
                            .field = field.name,
                            .id = static_cast<std::int64_t>(next_timestamp()),
                            .params = {{"index_type", "AUTOINDEX"}}});
  }
  return meta;
}

std::uint64_t next_timestamp() {
  static std::atomic<std::uint64_t> last = 0;
  constexpr int kLogicalBits = 18;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const std::uint64_t physical = static_cast<std::uint64_t>(now) << kLogicalBits;
  std::uint64_t before = last.load();
  std::uint64_t next = 0;
  do {
    next = std::max(physical, before + 1);
  } while (!last.compare_exchange_weak(before, next));
  return next;
}

}  // namespace simile::server
