#pragma once
/// What a database consists of: the one file that says so. docs/formats/manifest.md.
///
/// Invariants:
/// 1. A manifest holds the complete state, and it is published in one step under the next number.
///    The newest one is the database; there is no other commit point.
/// 2. Every file it names was written, synced and verified before it was published.
/// 3. A file that no manifest names is garbage of a crash and is removed by the next writer.
/// 4. The state is that of all writes up to `flushed_sequence` of each collection. Later ones are
///    in the logs from `first_log` on. Deletes may already be those of later writes, up to
///    `sequence`: applying a write again to a state that knows its deletes changes nothing.
/// 5. The segments of a collection are in the order of insertion, and so are the rows in each.
///    Compaction merges neighbours only, so that the order is kept.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "simile/error.h"
#include "simile/io/storage.h"
#include "simile/properties.h"
#include "simile/schema.h"

namespace simile::segment {

/// A derived file: the key map for the primary key's field, the index for a vector field.
struct DerivedEntry {
  std::uint32_t field = 0;  ///< position in the schema
  std::uint64_t file = 0;

  friend bool operator==(const DerivedEntry&, const DerivedEntry&) = default;
};

struct SegmentEntry {
  std::uint64_t id = 0;            ///< the number of its rows file
  std::uint64_t rows = 0;          ///< deleted ones included
  std::uint64_t deletes_file = 0;  ///< 0: no row is deleted
  std::uint64_t deleted_rows = 0;
  std::vector<DerivedEntry> derived;  ///< by field; one that is missing is built again
  /// Fields that the schema had when it was written; rows hold the default of later ones. 0: all.
  std::uint32_t fields = 0;

  /// The file of a field, or 0.
  std::uint64_t derived_file(std::uint32_t field) const;
  void set_derived_file(std::uint32_t field, std::uint64_t file);  ///< 0 takes it away

  friend bool operator==(const SegmentEntry&, const SegmentEntry&) = default;
};

struct PartitionEntry {
  std::int32_t code = 0;  ///< what kPartitionField holds; never given to another
  std::string name;

  friend bool operator==(const PartitionEntry&, const PartitionEntry&) = default;
};

/// Beside the default one, whose code is 0.
struct Partitions {
  std::int32_t next_code = 1;
  std::vector<PartitionEntry> entries;
  std::vector<std::int32_t> dropped;  ///< their rows may still be there, and must go

  /// The code of a partition; kNotFound lists those that are there.
  Result<std::int32_t> code_of(std::string_view name) const;
  bool contains(std::int32_t code) const;

  friend bool operator==(const Partitions&, const Partitions&) = default;
};

struct CollectionEntry {
  std::uint32_t id = 0;
  std::string name;
  Schema schema;
  std::uint64_t flushed_sequence = 0;
  std::int64_t next_auto_id = 1;
  Properties properties;
  Partitions partitions;
  std::vector<SegmentEntry> segments;

  SegmentEntry* find(std::uint64_t segment_id);

  friend bool operator==(const CollectionEntry&, const CollectionEntry&) = default;
};

struct Manifest {
  std::uint64_t number = 0;
  std::uint64_t database_id = 0;  ///< random; logs of another database are refused
  std::uint64_t sequence = 0;     ///< the last acknowledged write when it was published
  std::uint64_t next_file = 1;
  std::uint32_t next_collection = 1;
  std::uint64_t first_log = 1;
  Properties properties;
  std::vector<CollectionEntry> collections;

  CollectionEntry* find(std::uint32_t collection_id);

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

std::vector<std::byte> encode_manifest(const Manifest& manifest);
/// kDataLoss for damaged bytes, kUnimplemented for a newer format; messages begin with `name`.
Result<Manifest> decode_manifest(std::span<const std::byte> bytes, const std::string& name);

/// The newest manifest; kNotFound where there is none. A damaged newest one is kDataLoss and not
/// passed over: an older one would silently lose what was acknowledged since. While a writer
/// replaces it, looks again.
Result<Manifest> load_newest_manifest(const io::Storage& storage);

/// The number of the newest manifest, 0 where there is none.
Result<std::uint64_t> newest_manifest_number(const io::Storage& storage);

/// What became of a commit.
enum class PublishOutcome : std::uint8_t {
  kDone,     ///< durable
  kNot,      ///< the old manifest still stands
  kUnknown,  ///< it may be seen now and be gone after power loss: write nothing more, remove
             ///< nothing
};
struct PublishResult {
  PublishOutcome outcome = PublishOutcome::kDone;
  Error error;  ///< where it is not done
};
PublishResult publish_manifest(io::Storage& storage, const Manifest& manifest);

/// Reads a whole file.
Result<std::vector<std::byte>> read_file(const io::Storage& storage, const std::string& path);

}  // namespace simile::segment
