#include "simile/server/catalog.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "simile/base/text.h"
#include "simile/server/name_check.h"

namespace simile::server {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolder = "databases";
/// The property, of a database and of a collection, that holds what only this server needs.
constexpr auto kProperty = "milvus";

Fault collection_not_found(std::string_view database, std::string_view name) {
  const std::string where = join_text("[database=", database, "][collection=", name, "]");
  return {FaultCode::kCollectionNotFound,
          join_text("can't find collection", where, ": collection not found", where)};
}

std::string_view or_default(std::string_view database) {
  return database.empty() ? kDefaultDatabase : database;
}

/// What is stored, or what a collection gets that was made without this server: everything is
/// searchable at once.
CollectionMeta read_meta(const Collection& collection) {
  const Properties properties = collection.properties();
  CollectionMeta meta;
  if (const auto stored = properties.find(kProperty); stored != properties.end()) {
    meta = CollectionMeta::from_json(stored->second);
  }
  if (meta.id != 0) return meta;
  return searchable_meta(collection.schema());
}

std::string summary_json(const DatabaseSummary& summary) {
  const nlohmann::json object = {
      {"id", summary.id}, {"created", summary.created}, {"properties", summary.properties}};
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// What cannot be read stays as it is.
void read_summary(std::string_view text, DatabaseSummary& summary) {
  const auto object = nlohmann::json::parse(text, nullptr, false);
  if (!object.is_object()) return;
  try {
    summary.id = object.value("id", summary.id);
    summary.created = object.value("created", summary.created);
    summary.properties = object.value("properties", Parameters());
  } catch (const nlohmann::json::exception&) {  // somebody else's text
  }
}

}  // namespace

struct Catalog::Entry {
  std::string name;
  std::unique_ptr<Database> database;
  DatabaseSummary summary;
  std::mutex changing;              ///< one change at a time
  mutable std::shared_mutex mutex;  ///< the maps below
  std::map<std::string, CollectionHandle, std::less<>> collections;
  std::map<std::string, std::string, std::less<>> aliases;

  /// Makes `meta` what is known, on disk first.
  Answer<CollectionHandle> store(CollectionHandle handle, CollectionMeta meta) {
    match_fields(meta, handle.schema());
    SIMILE_TRY(handle.collection->change_properties({{kProperty, meta.to_json()}}));
    return publish(std::move(handle), std::move(meta));
  }

  CollectionHandle publish(CollectionHandle handle, CollectionMeta meta) {
    match_fields(meta, handle.schema());
    handle.meta = std::make_shared<const CollectionMeta>(std::move(meta));
    const std::scoped_lock lock(mutex);
    std::erase_if(aliases, [&](const auto& alias) { return alias.second == handle.name(); });
    for (const std::string& alias : handle.meta->aliases) aliases[alias] = handle.name();
    collections[handle.name()] = handle;
    return handle;
  }

  void forget(std::string_view collection) {
    const std::scoped_lock lock(mutex);
    const auto found = collections.find(collection);
    if (found != collections.end()) collections.erase(found);
    std::erase_if(aliases, [&](const auto& alias) { return alias.second == collection; });
  }

  /// An alias cannot have the name of a collection.
  Answer<void> check_free(std::string_view alias) const {
    const std::shared_lock lock(mutex);
    if (!collections.contains(alias)) return {};
    return refuse(
        FaultCode::kAliasNameConflict,
        join_text("alias and collection name conflict[database=", name, "][alias=", alias, "]"));
  }

  Answer<CollectionHandle> find(std::string_view collection) const {
    const std::shared_lock lock(mutex);
    auto found = collections.find(collection);
    if (found == collections.end()) {
      const auto alias = aliases.find(collection);
      if (alias != aliases.end()) found = collections.find(alias->second);
    }
    if (found == collections.end()) {
      Fault fault = collection_not_found(name, collection);
      if (const auto valid = check_name("collection", collection); !valid) {
        return refuse_parameter(join_text(valid.error().message, ": ", fault.message));
      }
      return std::unexpected(std::move(fault));
    }
    return found->second;
  }
};

Catalog::Catalog(std::string path, const OpenOptions& options)
    : path_(std::move(path)), options_(options) {}

Catalog::~Catalog() = default;

std::string Catalog::path_of(std::string_view name) const {
  return (fs::path(path_) / kFolder / name).string();
}

Status Catalog::open_entry(const std::string& name, const std::string& path, bool create) {
  auto entry = std::make_shared<Entry>();
  OpenOptions options = options_;
  options.create = create;
  SIMILE_ASSIGN(entry->database, Database::open(path, options));
  entry->name = name;
  entry->summary.name = name;
  entry->summary.id = static_cast<std::int64_t>(next_timestamp());
  entry->summary.created = static_cast<std::uint64_t>(entry->summary.id);
  if (name == kDefaultDatabase) entry->summary.id = 1;
  const Properties properties = entry->database->properties();
  if (const auto stored = properties.find(kProperty); stored != properties.end()) {
    read_summary(stored->second, entry->summary);
  }
  for (const std::string& collection_name : entry->database->collections()) {
    SIMILE_ASSIGN(auto collection, entry->database->collection(collection_name));
    CollectionMeta meta = read_meta(*collection);
    entry->publish({.database = name, .collection = std::move(collection), .meta = nullptr},
                   std::move(meta));
  }
  const std::scoped_lock lock(mutex_);
  entries_[name] = std::move(entry);
  return {};
}

Answer<std::unique_ptr<Catalog>> Catalog::open(const std::string& path,
                                               const OpenOptions& options) {
  std::unique_ptr<Catalog> catalog(new Catalog(path, options));
  SIMILE_TRY(catalog->open_entry(std::string(kDefaultDatabase), path, options.create));
  std::error_code none;
  for (const auto& folder : fs::directory_iterator(fs::path(path) / kFolder, none)) {
    const std::string name = folder.path().filename().string();
    if (!folder.is_directory(none) || !is_word(name)) continue;
    SIMILE_TRY(catalog->open_entry(name, folder.path().string(), false));
  }
  return catalog;
}

Answer<std::shared_ptr<Catalog::Entry>> Catalog::entry(std::string_view database) const {
  const std::shared_lock lock(mutex_);
  const auto found = entries_.find(or_default(database));
  if (found == entries_.end()) {
    return refuse(FaultCode::kDatabaseNotFound,
                  join_text("database not found[database=", database, "]"));
  }
  return found->second;
}

Answer<CollectionHandle> Catalog::find(std::string_view database, std::string_view name) const {
  SIMILE_ASSIGN(const auto at, entry(database));
  return at->find(name);
}

bool Catalog::has_collection(std::string_view database, std::string_view name) const {
  return find(database, name).has_value();
}

Answer<std::vector<CollectionHandle>> Catalog::collections(std::string_view database) const {
  SIMILE_ASSIGN(const auto at, entry(database));
  std::vector<CollectionHandle> all;
  const std::shared_lock lock(at->mutex);
  for (const auto& [name, handle] : at->collections) all.push_back(handle);
  return all;
}

Answer<CollectionHandle> Catalog::create_collection(std::string_view database,
                                                    std::string_view name, const Schema& schema,
                                                    CollectionMeta meta) {
  SIMILE_TRY(check_name("collection", name));
  SIMILE_ASSIGN(const auto at, entry(database));
  const std::scoped_lock changing(at->changing);
  {
    const std::shared_lock lock(at->mutex);
    if (at->aliases.contains(name)) {
      return refuse(FaultCode::kAliasNameConflict,
                    join_text("collection name [", name,
                              "] conflicts with an existing alias, please choose a unique name"));
    }
  }
  match_fields(meta, schema);
  SIMILE_ASSIGN(auto collection,
                at->database->create_collection(name, schema, {{kProperty, meta.to_json()}}));
  return at->publish({.database = at->name, .collection = std::move(collection), .meta = nullptr},
                     std::move(meta));
}

Answer<void> Catalog::drop_collection(std::string_view database, std::string_view name) {
  SIMILE_ASSIGN(const auto at, entry(database));
  const std::scoped_lock changing(at->changing);
  {
    const std::shared_lock lock(at->mutex);
    if (at->aliases.contains(name)) {
      return refuse_parameter(
          join_text("cannot drop the collection via alias = ", name, "; name the collection"));
    }
    // Dropping what is not there succeeds, as clients expect.
    if (!at->collections.contains(name)) return {};
    const CollectionHandle& handle = at->collections.find(name)->second;
    if (!handle.meta->aliases.empty()) {
      return refuse(FaultCode::kUnexpected, join_text("unable to drop the collection [", name,
                                                      "] because it has associated aliases [",
                                                      *handle.meta->aliases.begin(),
                                                      "], please remove all aliases before "
                                                      "dropping the collection"));
    }
  }
  SIMILE_TRY(at->database->drop_collection(name));
  at->forget(name);
  return {};
}

Answer<CollectionHandle> Catalog::change(
    std::string_view database, std::string_view name,
    const std::function<Answer<void>(CollectionMeta&)>& change) {
  SIMILE_ASSIGN(const auto at, entry(database));
  const std::scoped_lock changing(at->changing);
  SIMILE_ASSIGN(CollectionHandle handle, at->find(name));
  CollectionMeta meta = *handle.meta;
  SIMILE_TRY(change(meta));
  return at->store(std::move(handle), std::move(meta));
}

Answer<CollectionHandle> Catalog::change_vector_index(std::string_view database,
                                                      std::string_view name, std::string_view field,
                                                      Metric metric, IndexKind kind) {
  SIMILE_ASSIGN(const auto at, entry(database));
  const std::scoped_lock changing(at->changing);
  SIMILE_ASSIGN(CollectionHandle handle, at->find(name));
  SIMILE_TRY(handle.collection->change_vector_index(field, metric, kind));
  // An object of a collection has the schema of its beginning.
  SIMILE_ASSIGN(handle.collection, at->database->collection(handle.name()));
  CollectionMeta meta = *handle.meta;
  return at->publish(std::move(handle), std::move(meta));
}

Answer<CollectionHandle> Catalog::change_scalar_index(std::string_view database,
                                                      std::string_view name, std::string_view field,
                                                      ScalarIndex index) {
  SIMILE_ASSIGN(const auto at, entry(database));
  const std::scoped_lock changing(at->changing);
  SIMILE_ASSIGN(CollectionHandle handle, at->find(name));
  SIMILE_TRY(handle.collection->change_scalar_index(field, index));
  SIMILE_ASSIGN(handle.collection, at->database->collection(handle.name()));
  CollectionMeta meta = *handle.meta;
  return at->publish(std::move(handle), std::move(meta));
}

Answer<CollectionHandle> Catalog::change_field(std::string_view database, std::string_view name,
                                               const Field& field) {
  SIMILE_ASSIGN(const auto at, entry(database));
  const std::scoped_lock changing(at->changing);
  SIMILE_ASSIGN(CollectionHandle handle, at->find(name));
  SIMILE_TRY(handle.collection->add_field(field));
  SIMILE_ASSIGN(handle.collection, at->database->collection(handle.name()));
  CollectionMeta meta = *handle.meta;
  return at->publish(std::move(handle), std::move(meta));
}

Answer<CollectionHandle> Catalog::add_field(std::string_view database, std::string_view name,
                                            const Field& field, FieldMeta added) {
  SIMILE_ASSIGN(const auto at, entry(database));
  const std::scoped_lock changing(at->changing);
  SIMILE_ASSIGN(CollectionHandle handle, at->find(name));
  SIMILE_TRY(handle.collection->add_field(field));
  SIMILE_ASSIGN(handle.collection, at->database->collection(handle.name()));
  CollectionMeta meta = *handle.meta;
  if (!field.dynamic) {
    added.id = kFirstFieldId;
    for (const FieldMeta& each : meta.fields) added.id = std::max(added.id, each.id + 1);
    meta.fields.push_back(std::move(added));
  }
  meta.updated = next_timestamp();
  return at->store(std::move(handle), std::move(meta));
}

Answer<void> Catalog::rename_collection(std::string_view database, std::string_view from,
                                        std::string_view to) {
  SIMILE_TRY(check_name("collection", to));
  SIMILE_ASSIGN(const auto at, entry(database));
  const std::scoped_lock changing(at->changing);
  SIMILE_ASSIGN(CollectionHandle handle, at->find(from));
  if (handle.name() != from) {
    return refuse_parameter(
        join_text("unsupported use an alias to rename collection, alias:", from));
  }
  {
    const std::shared_lock lock(at->mutex);
    if (at->aliases.contains(to)) {
      return refuse(FaultCode::kUnexpected,
                    join_text("cannot rename collection to an existing alias: ", to));
    }
    if (at->collections.contains(to)) {
      return refuse(FaultCode::kUnexpected, join_text("duplicated new collection name ", to,
                                                      " with other collection name or alias"));
    }
  }
  SIMILE_TRY(at->database->rename_collection(from, to));
  at->forget(from);
  SIMILE_ASSIGN(handle.collection, at->database->collection(to));
  CollectionMeta meta = *handle.meta;
  at->publish(std::move(handle), std::move(meta));
  return {};
}

Answer<WriteResult> Catalog::write(std::string_view database,
                                   const std::vector<WriteOperation>& operations) const {
  SIMILE_ASSIGN(const auto at, entry(database));
  SIMILE_ASSIGN(WriteResult written, at->database->write(operations));
  return written;
}

Answer<void> Catalog::create_alias(std::string_view database, std::string_view alias,
                                   std::string_view collection) {
  SIMILE_TRY(check_name("alias", alias));
  SIMILE_TRY(find(database, collection));
  SIMILE_ASSIGN(const auto at, entry(database));
  SIMILE_TRY(at->check_free(alias));
  {
    const std::shared_lock lock(at->mutex);
    const auto found = at->aliases.find(alias);
    if (found != at->aliases.end() && found->second != collection) {
      return refuse(FaultCode::kAliasExists,
                    join_text(alias, " is alias to another collection: ", found->second,
                              ": alias already exist[database=", at->name, "][alias=", alias, "]"));
    }
    if (at->aliases.contains(collection)) {
      return std::unexpected(collection_not_found(at->name, collection));
    }
  }
  SIMILE_TRY(change(database, collection, [&](CollectionMeta& meta) -> Answer<void> {
    meta.aliases.emplace(alias);
    return {};
  }));
  return {};
}

Answer<void> Catalog::drop_alias(std::string_view database, std::string_view alias) {
  SIMILE_TRY(check_name("alias", alias));
  const Answer<std::string> collection = resolve_alias(database, alias);
  if (!collection) return {};  // nothing to drop
  SIMILE_TRY(change(database, *collection, [&](CollectionMeta& meta) -> Answer<void> {
    meta.aliases.erase(std::string(alias));
    return {};
  }));
  return {};
}

Answer<void> Catalog::alter_alias(std::string_view database, std::string_view alias,
                                  std::string_view collection) {
  SIMILE_TRY(check_name("alias", alias));
  SIMILE_TRY(check_name("collection", collection));
  const Answer<CollectionHandle> found = find(database, collection);
  if (!found) {
    return refuse(found.error().code, join_text("collection not found[collection=", collection,
                                                "]: ", found.error().message));
  }
  const CollectionHandle& target = *found;
  SIMILE_ASSIGN(const auto at, entry(database));
  SIMILE_TRY(at->check_free(alias));
  SIMILE_ASSIGN(const std::string before, resolve_alias(database, alias));
  if (before == target.name()) return {};
  // The new place first: a crash in between leaves the alias with the later of the two.
  SIMILE_TRY(change(database, target.name(), [&](CollectionMeta& meta) -> Answer<void> {
    meta.aliases.emplace(alias);
    return {};
  }));
  SIMILE_TRY(change(database, before, [&](CollectionMeta& meta) -> Answer<void> {
    meta.aliases.erase(std::string(alias));
    return {};
  }));
  SIMILE_TRY(change(database, target.name(), [](CollectionMeta&) -> Answer<void> { return {}; }));
  return {};
}

Answer<std::string> Catalog::resolve_alias(std::string_view database,
                                           std::string_view alias) const {
  SIMILE_ASSIGN(const auto at, entry(database));
  const std::shared_lock lock(at->mutex);
  const auto found = at->aliases.find(alias);
  if (found == at->aliases.end()) {
    return refuse(FaultCode::kAliasNotFound,
                  join_text("alias not found[database=", at->name, "][alias=", alias, "]"));
  }
  return found->second;
}

Answer<void> Catalog::create_database(std::string_view name, const Parameters& properties) {
  SIMILE_TRY(check_name("database", name));
  if (entry(name)) {
    return refuse(FaultCode::kUnexpected, join_text("database already exist: ", name));
  }
  std::error_code error;
  fs::create_directories(fs::path(path_) / kFolder, error);
  SIMILE_TRY(open_entry(std::string(name), path_of(name), true));
  return change_database(name, properties, {});
}

Answer<void> Catalog::drop_database(std::string_view name) {
  if (or_default(name) == kDefaultDatabase) {
    return refuse_parameter("can not drop default database");
  }
  SIMILE_TRY(check_name("database", name));
  const auto at = entry(name);
  if (!at) return {};
  const std::scoped_lock changing((*at)->changing);
  if (!(*at)->database->collections().empty()) {
    return refuse(FaultCode::kUnexpected,
                  join_text("database:", name,
                            " not empty, must drop all collections before drop "
                            "database"));
  }
  {
    const std::scoped_lock lock(mutex_);
    entries_.erase(std::string(name));
  }
  SIMILE_TRY((*at)->database->close());
  std::error_code error;
  fs::remove_all(path_of(name), error);
  if (error) {
    return refuse(FaultCode::kInternal,
                  join_text(path_of(name), ": cannot be removed: ", error.message()));
  }
  return {};
}

std::vector<DatabaseSummary> Catalog::databases() const {
  std::vector<DatabaseSummary> all;
  const std::shared_lock lock(mutex_);
  for (const auto& [name, entry] : entries_) all.push_back(entry->summary);
  return all;
}

Answer<DatabaseSummary> Catalog::describe_database(std::string_view name) const {
  SIMILE_ASSIGN(const auto at, entry(name));
  const std::shared_lock lock(mutex_);
  return at->summary;
}

Answer<void> Catalog::change_database(std::string_view name, const Parameters& set,
                                      const std::vector<std::string>& removed) {
  SIMILE_ASSIGN(const auto at, entry(name));
  const std::scoped_lock changing(at->changing);
  Parameters properties = at->summary.properties;
  for (const auto& [key, value] : set) properties[key] = value;
  for (const std::string& key : removed) properties.erase(key);
  DatabaseSummary summary = at->summary;
  summary.properties = std::move(properties);
  SIMILE_TRY(at->database->change_properties({{kProperty, summary_json(summary)}}));
  const std::scoped_lock lock(mutex_);
  at->summary = std::move(summary);
  return {};
}

Answer<std::shared_ptr<Database>> Catalog::database(std::string_view name) const {
  SIMILE_ASSIGN(const auto at, entry(name));
  return std::shared_ptr<Database>(at, at->database.get());
}

Answer<DatabaseInfo> Catalog::info(std::string_view database) const {
  SIMILE_ASSIGN(const auto at, entry(database));
  return at->database->info();
}

Status Catalog::close() {
  const std::shared_lock lock(mutex_);
  Status first;
  for (const auto& [name, entry] : entries_) {
    const Status closed = entry->database->close();
    if (!closed && first) first = closed;
  }
  return first;
}

}  // namespace simile::server
