#pragma once
/// Rows with vectors, written in atomic batches and searched by nearness and by filter.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simile/batch.h"
#include "simile/error.h"
#include "simile/filter.h"
#include "simile/progress.h"
#include "simile/properties.h"
#include "simile/schema.h"

namespace simile {

/// Rows that a read returns may take any memory.
inline constexpr std::uint64_t kAnyBytes = ~std::uint64_t{0};

struct SearchRequest {
  MatrixView queries;  ///< the field's dimension and type; float32 for any float type
  /// Of a sparse field, instead: packed SparseEntry. A row is found where it has a component in
  /// common with the query, so that fewer than k may be.
  std::span<const std::string_view> sparse = {};
  std::span<const std::string_view> texts = {};  ///< of a field with metric BM25, instead
  std::string field;                             ///< empty: the only vector field
  std::uint32_t k = 10;                          ///< 1..kMaxK
  std::string where;                             ///< filter expression; empty: all rows
  FilterValues values;                           ///< for the {names} in it
  std::vector<std::string> partitions = {};      ///< search these only; empty: all
  std::vector<std::string> fields;               ///< columns to return beside the key
  std::uint32_t effort = 0;   ///< beam width of graphs; 0: by recall, or the default
  float recall = 0;           ///< share of the k nearest to be found, up to 1; 0: any
  bool exact = false;         ///< scan instead of using the index
  std::uint32_t threads = 0;  ///< 0: every core
  /// Only hits with distance_min <= distance < distance_max.
  std::optional<float> distance_min = {};
  std::optional<float> distance_max = {};
  std::uint32_t offset = 0;  ///< so many of the nearest are left out; offset + k <= kMaxK
  /// A field of numbers, bools, texts or JSON, or a path of JSON, "info['year']": k groups of hits
  /// that have the same value there (null is one), nearest group first, the hits of a group one
  /// after the other. `offset` counts groups.
  std::string group_by = {};
  std::uint32_t group_size = 1;  ///< hits of a group at most
  bool strict_groups = false;    ///< look on until groups are full, rather than until there are k
  std::string model_sha256;      ///< of the model that made the queries; empty: not checked
  const CancelToken* cancel = nullptr;
  std::uint64_t call_bytes_max = kAnyBytes;  ///< of the rows returned; kInvalidArgument above
};

struct QueryRequest {
  RowFilter filter;
  std::vector<std::string> fields;  ///< columns to return beside the key; empty: every one
  std::uint64_t limit = ~std::uint64_t{0};
  std::uint64_t offset = 0;
  bool by_key = false;                       ///< in ascending order of keys; else by insertion
  std::uint64_t call_bytes_max = kAnyBytes;  ///< of the rows returned; kInvalidArgument above
};

/// Hits of all queries one after the other, nearest first, ties by the order of insertion.
struct SearchResult {
  std::vector<std::uint64_t>
      offsets;  ///< queries + 1; hits of query i are [offsets[i], offsets[i+1])
  std::vector<float> distances;
  Table rows;  ///< the primary key first, then the fields asked for
};

/// Goes on where the last call stopped: rows that were returned do not come again.
/// One thread at a time.
class SearchIterator {
 public:
  virtual ~SearchIterator() = default;
  /// The next `count` nearest, fewer at the end.
  virtual Result<SearchResult> next(std::uint32_t count) = 0;
};

struct WriteResult {
  std::uint64_t sequence = 0;     ///< of the batch; later batches have larger ones
  std::uint64_t rows = 0;         ///< written or deleted
  std::vector<std::int64_t> ids;  ///< given out, where the key is automatic
};

struct CollectionInfo {
  std::string name;
  std::uint64_t rows = 0;          ///< live
  std::uint64_t deleted_rows = 0;  ///< not yet compacted away
  std::uint64_t sealed_segments = 0;
  std::uint64_t growing_rows = 0;
  std::uint64_t disk_bytes = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t indexed_rows = 0;  ///< live rows that a built index covers
};

/// What reads see: the rows as they were when it was taken, whatever is written later. Cheap to
/// take; keeps old files alive until it is dropped. Any number of threads.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual const Schema& schema() const = 0;
  virtual std::uint64_t sequence() const = 0;
  virtual Result<SearchResult> search(const SearchRequest& request) const = 0;
  /// Over all rows of one query, from the nearest on, in the state of this snapshot, which it
  /// holds. `k`, `offset` and groups of the request are not looked at; the queries are copied.
  virtual Result<std::unique_ptr<SearchIterator>> iterate(const SearchRequest& request) const = 0;
  /// Rows by key, in the order of the keys; absent keys are left out. kInvalidArgument where they
  /// take more memory than `call_bytes_max`.
  virtual Result<Table> get(const KeysView& keys, const std::vector<std::string>& fields,
                            std::uint64_t call_bytes_max) const = 0;
  /// Rows that match.
  virtual Result<Table> query(const QueryRequest& request) const = 0;
  virtual Result<std::uint64_t> count(const RowFilter& filter) const = 0;
  /// Evaluates the filter and tells how.
  virtual Result<FilterPlan> explain(const RowFilter& filter) const = 0;

  Result<Table> get(const KeysView& keys, const std::vector<std::string>& fields) const {
    return get(keys, fields, kAnyBytes);
  }
  Result<Table> query(std::string_view where, const std::vector<std::string>& fields,
                      std::uint64_t limit, std::uint64_t offset) const {
    return query(QueryRequest{{std::string(where), {}, {}}, fields, limit, offset, false});
  }
  Result<std::uint64_t> count(std::string_view where) const {
    return count(RowFilter{std::string(where), {}, {}});
  }
};

/// Thread rule: everything may be called from any thread. A write returns when it is durable, and
/// is then visible to every later snapshot.
class Collection {
 public:
  virtual ~Collection() = default;
  /// Name and schema as they were when this object was made.
  virtual const std::string& name() const = 0;
  virtual const Schema& schema() const = 0;

  virtual Properties properties() const = 0;
  /// All changes or none; durable on return.
  virtual Status change_properties(const PropertyChanges& changes) = 0;

  /// Adds rows; kAlreadyExists names the first key that is present already. All or nothing.
  virtual Result<WriteResult> insert(const Batch& batch) = 0;
  /// Adds rows and replaces those whose key is present. Rows of a collection that gives out keys
  /// may bring their own; those that are given out later are larger. All or nothing.
  virtual Result<WriteResult> upsert(const Batch& batch) = 0;
  /// Changes the given fields of rows and keeps the others; the batch has the primary key,
  /// automatic or not. Members of the dynamic field are changed one by one. A key that is not there
  /// makes a row where no field that it needs is missing; else kNotFound. All or nothing.
  virtual Result<WriteResult> update(const Batch& batch) = 0;
  /// Deletes rows by key; absent keys are no error.
  virtual Result<WriteResult> erase(const KeysView& keys) = 0;
  virtual Result<WriteResult> erase_where(const RowFilter& filter) = 0;
  Result<WriteResult> erase_where(std::string_view where) {
    return erase_where(RowFilter{std::string(where), {}, {}});
  }
  /// Deletes every row at once, whatever their number; keys that are given out go on. Snapshots
  /// keep what they show.
  virtual Status truncate() = 0;

  /// Adds a scalar field with a default or a nullable one, which rows that are there then hold. A
  /// field that is there gets another max_length or max_capacity, for rows from then on.
  /// Waits for indexes that are being built.
  virtual Status add_field(const Field& field) = 0;
  /// Searches measure by another metric, through an index of another kind, which is built as after
  /// a flush. Waits for indexes that are being built.
  virtual Status change_vector_index(std::string_view field, Metric metric, IndexKind kind) = 0;

  /// Makes an index of a scalar field that filters use, in the background as after a flush, or
  /// drops it (kNone). Another kind takes the place of the one that is there. kInvalidArgument
  /// where the field cannot have it. Waits for indexes that are being built.
  virtual Status change_scalar_index(std::string_view field, ScalarIndex index) = 0;
  virtual std::vector<ScalarIndexInfo> scalar_indexes() const = 0;

  /// Partitions divide the rows: each is in one, and calls can be limited to some. Names as of
  /// collections. kDefaultPartition is always there, the first of partitions().
  virtual std::vector<std::string> partitions() const = 0;
  virtual Status create_partition(std::string_view name) = 0;
  /// With its rows.
  virtual Status drop_partition(std::string_view name) = 0;

  virtual std::shared_ptr<const Snapshot> snapshot() const = 0;

  /// Seals what is growing into a segment with its index on disk.
  virtual Status flush(const Progress& progress = {}, const CancelToken* cancel = nullptr) = 0;
  /// Flushes, then merges segments and drops deleted rows until nothing is left to gain.
  virtual Status compact(const Progress& progress = {}, const CancelToken* cancel = nullptr) = 0;
  virtual CollectionInfo info() const = 0;
};

}  // namespace simile
