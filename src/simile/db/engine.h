#pragma once
/// A database that is open: who may do what when.
///
/// Locks, in the order in which they are taken; none is held while rows or indexes are written:
///   1. build_mutex_     one compaction or index build at a time
///   2. flush_mutex_     one flush at a time
///   3. manifest_mutex_  the next manifest: made, published, followed up
///   4. commit_mutex_    the writer's side of collections, the log, the sequence; held by the
///                       leader of a group commit, and for the swap after a manifest
///   5. publish mutex    the views that readers get; held to copy or set pointers only
/// Searches take 5 alone, once.
///
/// Invariants:
/// 1. A write is acknowledged after its frame was synced and its view published, in this order.
/// 2. A write error of the log, or a manifest of unknown fate, stops all further writing (of rows,
///    logs, manifests; removal of files, too) until the database is opened again. What was
///    acknowledged stays readable.
/// 3. The manifest changes through publish() only. Files are removed only after a manifest that
///    does not name them is durable.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "simile/base/bytes.h"
#include "simile/database.h"
#include "simile/db/collection_state.h"
#include "simile/db/commit_queue.h"
#include "simile/db/log_set.h"
#include "simile/db/recovery.h"
#include "simile/db/write_request.h"
#include "simile/io/storage.h"
#include "simile/segment/write_segment.h"

namespace simile::db {

class Maintenance;

/// Smaller segments have no graph: plan_search() would scan them anyway.
inline constexpr std::size_t kIndexRowsMin = 4096;
/// Writers wait where this many times `growing_bytes_max` is not sealed yet.
inline constexpr std::uint64_t kFullFactor = 3;
/// Logs longer than this many times `growing_bytes_max` are shortened by sealing what needs them.
inline constexpr std::uint64_t kLogFactor = 4;

/// Whether its sealed segments have an index, in a file of its own.
inline bool has_derived_index(const Field& field) {
  return (field.type == FieldType::kVector && field.index == IndexKind::kGraph) ||
         (field.type == FieldType::kSparse && field.index == IndexKind::kInverted) ||
         field.scalar_index != ScalarIndex::kNone;
}

/// Memory of segments that are not sealed, of the one that grows only or of frozen ones, too.
std::uint64_t growing_bytes(const CollectionState& collection);
std::uint64_t unsealed_bytes(const CollectionState& collection);
/// The rows in sight.
std::vector<segment::RowSource> sources_of(const std::vector<SegmentView>& views);
std::vector<std::string> files_of(const segment::SegmentEntry& entry, std::uint32_t key_field);
/// The position of the primary key in the schema.
inline std::uint32_t key_field_of(const CollectionState& collection) {
  const Schema& schema = *collection.schema();
  return static_cast<std::uint32_t>(&schema.primary_key() - schema.fields().data());
}

class Engine {
 public:
  /// Recovers what is there; makes a database where `options` says so and `storage` is empty.
  static Result<std::shared_ptr<Engine>> open(std::shared_ptr<io::Storage> storage,
                                              const OpenOptions& options);
  ~Engine();

  const OpenOptions& options() const { return options_; }

  // --- engine_collections.cc -----------------------------------------------------------------
  Result<std::shared_ptr<CollectionState>> create_collection(std::string_view name,
                                                             const Schema& schema,
                                                             const Properties& properties);
  Status drop_collection(std::string_view name);
  Status rename_collection(std::string_view from, std::string_view to);
  /// Puts a new, empty collection in the place of this one.
  Status truncate(std::uint32_t id);
  Properties properties() const;
  Status change_properties(const PropertyChanges& changes);
  Status change_properties(std::uint32_t id, const PropertyChanges& changes);
  Result<std::shared_ptr<CollectionState>> find(std::string_view name) const;
  /// Null where it was dropped; what took its place where it was truncated.
  std::shared_ptr<CollectionState> find(std::uint32_t id) const;
  std::vector<std::shared_ptr<CollectionState>> all() const;
  std::uint64_t sequence() const { return sequence_.load(); }

  // --- engine_schema.cc ----------------------------------------------------------------------
  Status add_field(std::uint32_t id, const Field& field);
  Status change_vector_index(std::uint32_t id, std::string_view field, Metric metric,
                             IndexKind kind);
  Status change_scalar_index(std::uint32_t id, std::string_view field, ScalarIndex index);
  Status create_partition(std::uint32_t id, std::string_view name);
  Status drop_partition(std::uint32_t id, std::string_view name);
  CollectionInfo info_of(const CollectionState& collection) const;
  std::vector<ScalarIndexInfo> scalar_indexes_of(const CollectionState& collection) const;
  DatabaseInfo info() const;

  // --- engine_write.cc -----------------------------------------------------------------------
  Result<WriteResult> write(WriteRequest& request);

  // --- engine_flush.cc -----------------------------------------------------------------------
  /// Seals what was written so far, without its index.
  Status seal(CollectionState& collection, const CancelToken* cancel);
  /// Seals collections whose growing segment, or whose share of the logs, is too large, and those
  /// of which an earlier flush has failed.
  Status seal_where_due();
  bool seal_is_due(const CollectionState& collection) const;
  /// Of an encrypted database: seals everything and begins a new log, so that no log that is kept
  /// holds rows of a collection that was dropped.
  Status erase_from_logs();

  // --- engine_compact.cc ---------------------------------------------------------------------
  /// Builds the derived data that is missing or damaged.
  Status repair(CollectionState& collection, const Progress& progress, const CancelToken* cancel);
  /// Merges until pick_compaction() finds nothing more.
  Status compact(CollectionState& collection, bool everything, const CancelToken* cancel);
  /// Both need this; waits for the background thread, or until it is cancelled.
  Result<std::unique_lock<std::mutex>> lock_build(const CancelToken* cancel);

  // --- engine_open.cc ------------------------------------------------------------------------
  Status refresh();
  /// `finish`: builds the indexes that are missing, unless that is cancelled; else leaves them to
  /// the next opening.
  Status close(bool finish, const CancelToken* cancel = nullptr);

 private:
  friend class Maintenance;
  struct Publication {
    segment::Manifest next;
    std::uint32_t sealed_collection = 0;  ///< whose frozen segments `next` has sealed
    std::vector<std::string> new_files;   ///< removed again where it is not published
  };

  Engine(std::shared_ptr<io::Storage> storage, const OpenOptions& options);
  Status open_reader();
  Status open_writer();
  Status check_is_database(bool may_be_empty) const;
  Status create_if_empty();
  void adopt(const Recovered& recovered);
  Status begin_log(const Recovered& recovered);
  void remove_garbage();
  std::size_t log_count() const;

  Status writable() const;
  Status accepts_writes() const;
  void poison(const Error& error);
  /// Holding manifest_mutex_.
  Status publish(Publication& publication);
  /// The collection's entry in `next`; kNotFound where it was dropped.
  Result<segment::CollectionEntry*> entry_of(segment::Manifest& next,
                                             const CollectionState& collection) const;
  void retire_segments(const CollectionState& collection, const segment::CollectionEntry& entry);
  void remove_files(const std::vector<std::string>& paths);
  std::uint64_t new_file() { return next_file_.fetch_add(1); }

  using EditEntry = std::function<Status(segment::CollectionEntry&)>;
  /// Changes what the manifest says of a collection, schema included: seals it, publishes, and goes
  /// on with its segments opened anew.
  Status change_schema(std::uint32_t id, const EditEntry& edit);
  /// The same for changes that leave the schema alone.
  Status change_entry(std::uint32_t id, const EditEntry& edit);
  /// Erases the rows of partitions that were dropped.
  Status purge_dropped(std::uint32_t id);

  Status check_request(WriteRequest& request) const;
  Status wait_for_room(const WriteRequest& request);
  Status retry_failed_seal();
  void commit_group(std::span<WriteRequest* const> group);
  Result<WriteResult> apply(WriteRequest& request);
  static void encode(const WriteRequest& request, ByteWriter& payload);
  static void roll_back(WriteRequest& request, std::size_t applied);
  void after_write(const WriteRequest& request);

  /// Holding flush_mutex_.
  Status seal_locked(CollectionState& collection, const CancelToken* cancel);
  bool is_half_sealed(const CollectionState& collection) const;
  Result<std::uint64_t> begin_seal(CollectionState& collection, std::vector<SegmentView>& frozen);
  Status finish_seal(CollectionState& collection, std::uint64_t up_to,
                     const CollectionState::Replacement& replacement,
                     const segment::WrittenSegment& written);
  Status write_changed_deletes(const CollectionState& collection, Publication& publication,
                               std::vector<std::string>& replaced);
  Status merge(CollectionState& collection, const std::vector<SegmentView>& run,
               const CancelToken* cancel);
  Status publish_merge(CollectionState& collection, const std::vector<SegmentView>& run,
                       const CollectionState::Replacement& replacement,
                       segment::WrittenSegment& written, Publication publication);
  Status write_indexes(const Schema& schema, segment::WrittenSegment& written,
                       const index::BuildContext& context);
  /// The key map or an index of a segment that is in use.
  Status write_derived(CollectionState& collection, const SegmentView& view, std::uint32_t field,
                       const index::BuildContext& context);
  std::vector<std::shared_ptr<CollectionState>> all_or_oldest_due() const;

  const std::shared_ptr<io::Storage> storage_;
  const OpenOptions options_;
  const std::shared_ptr<std::mutex> publish_mutex_ = std::make_shared<std::mutex>();
  std::unique_ptr<io::Lock> lock_;
  double open_seconds_ = 0;
  std::atomic<bool> closing_{false};  // no new writes from outside
  std::atomic<bool> closed_{false};   // nothing more at all

  std::mutex build_mutex_;
  std::mutex flush_mutex_;
  std::mutex manifest_mutex_;
  segment::Manifest manifest_;
  std::uint64_t last_manifest_ = 0;  // published or tried
  std::atomic<std::uint64_t> next_file_{1};

  mutable std::mutex commit_mutex_;
  std::unique_ptr<LogSet> logs_;
  std::atomic<std::uint64_t> sequence_{0};
  ByteWriter frame_;
  CommitQueue queue_;

  mutable std::mutex poison_mutex_;
  Status poisoned_;

  mutable std::shared_mutex collections_mutex_;
  std::map<std::uint32_t, std::shared_ptr<CollectionState>> collections_;
  std::map<std::uint32_t, std::uint32_t> successors_;  // of truncated ones, by their old id
  Properties properties_;

  std::mutex refresh_mutex_;
  Recovered recovered_;  // of a reader: where it goes on

  std::mutex room_mutex_;
  std::condition_variable room_;
  Status seal_failed_;  // of the last seal_where_due()

  std::unique_ptr<Maintenance> maintenance_;
};

}  // namespace simile::db
