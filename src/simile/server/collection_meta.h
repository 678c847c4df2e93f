#pragma once
/// What Milvus knows about a collection and Simile's engine does not need: ids, descriptions, the
/// parameters of indexes, what is loaded. It is a JSON text in the properties of the collection, so
/// that it lives and dies with it; everything else is asked of the engine.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "simile/schema.h"

namespace simile::server {

using Parameters = std::map<std::string, std::string, std::less<>>;

struct FieldMeta {
  std::string name;
  std::int64_t id = 0;
  int data_type = 0;  ///< Milvus' type where the engine's does not tell, else 0
  std::string description;
  Parameters type_params;  ///< as given, "dim" and "max_length" among them
  bool clustering_key = false;
};

struct IndexMeta {
  std::string name;
  std::string field;
  std::int64_t id = 0;
  Parameters params;  ///< as given: index_type, metric_type, and those of the index
};

struct CollectionMeta {
  std::int64_t id = 0;
  std::uint64_t created = 0;  ///< hybrid timestamp
  std::uint64_t updated = 0;  ///< of the last change of fields; 0: there was none
  std::string description;
  int consistency_level = 2;
  int shards = 1;
  std::int64_t partition_count = 1;
  Parameters properties;
  std::vector<FieldMeta> fields;
  std::vector<IndexMeta> indexes;
  std::string functions;  ///< JSON list
  bool loaded = false;
  std::set<std::string, std::less<>> loaded_partitions;  ///< where not all of them are
  std::set<std::string, std::less<>> aliases;
  std::map<std::string, std::int64_t, std::less<>> partition_ids;

  /// Of the schema that clients keep: they send it with what they write.
  std::uint64_t schema_timestamp() const { return updated == 0 ? created : updated; }
  /// A property, or an empty text.
  std::string_view property(std::string_view name) const;
  const FieldMeta* find_field(std::string_view name) const;
  const IndexMeta* find_index(std::string_view name) const;
  const IndexMeta* index_of_field(std::string_view field) const;

  std::string to_json() const;
  /// What cannot be read counts as absent: ids are then given out anew.
  static CollectionMeta from_json(std::string_view text);
};

/// The id of the first field that a user defines.
inline constexpr std::int64_t kFirstFieldId = 100;

/// Gives an id to every field that has none, and forgets those that are gone.
void match_fields(CollectionMeta& meta, const Schema& schema);

/// Of a collection that was made without Milvus' calls: everything is searchable at once.
CollectionMeta searchable_meta(const Schema& schema);

/// Milvus' hybrid timestamp: milliseconds since 1970 and 18 bits that tell those of one millisecond
/// apart. Each call gives a larger one; they serve as ids too.
std::uint64_t next_timestamp();

}  // namespace simile::server
