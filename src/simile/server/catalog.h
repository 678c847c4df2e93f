#pragma once
/// Databases, collections and aliases by name. `default` is the database the server was started on;
/// another one is the directory databases/NAME below it, a database of Simile like any other.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "simile/database.h"
#include "simile/server/collection_meta.h"
#include "simile/server/fault.h"

namespace simile::server {

inline constexpr std::string_view kDefaultDatabase = "default";

/// A collection as one call sees it; stays usable when it is dropped meanwhile.
struct CollectionHandle {
  std::string database;
  std::shared_ptr<Collection> collection;
  std::shared_ptr<const CollectionMeta> meta;

  const std::string& name() const { return collection->name(); }
  const Schema& schema() const { return collection->schema(); }
};

struct DatabaseSummary {
  std::string name;
  std::int64_t id = 0;
  std::uint64_t created = 0;
  Parameters properties;
};

/// Thread rule: any call from any thread; changes are made one after the other.
class Catalog {
 public:
  static Answer<std::unique_ptr<Catalog>> open(const std::string& path, const OpenOptions& options);
  ~Catalog();

  /// By name or alias. An empty database is `default`.
  Answer<CollectionHandle> find(std::string_view database, std::string_view name) const;
  bool has_collection(std::string_view database, std::string_view name) const;
  Answer<std::vector<CollectionHandle>> collections(std::string_view database) const;

  Answer<CollectionHandle> create_collection(std::string_view database, std::string_view name,
                                             const Schema& schema, CollectionMeta meta);
  Answer<void> drop_collection(std::string_view database, std::string_view name);
  Answer<void> rename_collection(std::string_view database, std::string_view from,
                                 std::string_view to);
  /// Changes what is known about a collection, durably; `change` may refuse.
  Answer<CollectionHandle> change(std::string_view database, std::string_view name,
                                  const std::function<Answer<void>(CollectionMeta&)>& change);
  /// Gives a vector field another metric or kind of index.
  Answer<CollectionHandle> change_vector_index(std::string_view database, std::string_view name,
                                               std::string_view field, Metric metric,
                                               IndexKind kind);
  /// Gives a scalar field an index that filters use, or none.
  Answer<CollectionHandle> change_scalar_index(std::string_view database, std::string_view name,
                                               std::string_view field, ScalarIndex index);
  /// Changes what the engine lets be changed of a field that is there.
  Answer<CollectionHandle> change_field(std::string_view database, std::string_view name,
                                        const Field& field);
  /// Adds a field, which rows that are there hold the default of.
  Answer<CollectionHandle> add_field(std::string_view database, std::string_view name,
                                     const Field& field, FieldMeta added);

  /// All operations on collections of a database, or none.
  Answer<WriteResult> write(std::string_view database,
                            const std::vector<WriteOperation>& operations) const;

  Answer<void> create_alias(std::string_view database, std::string_view alias,
                            std::string_view collection);
  Answer<void> alter_alias(std::string_view database, std::string_view alias,
                           std::string_view collection);
  Answer<void> drop_alias(std::string_view database, std::string_view alias);
  /// The collection that an alias stands for.
  Answer<std::string> resolve_alias(std::string_view database, std::string_view alias) const;

  Answer<void> create_database(std::string_view name, const Parameters& properties);
  Answer<void> drop_database(std::string_view name);
  std::vector<DatabaseSummary> databases() const;
  Answer<DatabaseSummary> describe_database(std::string_view name) const;
  Answer<void> change_database(std::string_view name, const Parameters& set,
                               const std::vector<std::string>& removed);

  /// The database itself, for what knows no catalog; collections are made and dropped here only.
  Answer<std::shared_ptr<Database>> database(std::string_view name) const;
  /// Of one database, and those of all collections in it.
  Answer<DatabaseInfo> info(std::string_view database) const;
  /// Finishes background work, syncs and unlocks every database.
  Status close();

 private:
  struct Entry;
  Catalog(std::string path, const OpenOptions& options);
  Answer<std::shared_ptr<Entry>> entry(std::string_view database) const;
  Status open_entry(const std::string& name, const std::string& path, bool create);
  std::string path_of(std::string_view name) const;

  const std::string path_;
  const OpenOptions options_;
  mutable std::shared_mutex mutex_;  ///< the map below
  std::map<std::string, std::shared_ptr<Entry>, std::less<>> entries_;
};

/// A name of a database, collection, field, alias or partition: [A-Za-z_][A-Za-z0-9_]*, at most 255
/// bytes. The fault says what is wrong; `what` is "collection" and the like.
Answer<void> check_name(std::string_view what, std::string_view name);

}  // namespace simile::server
