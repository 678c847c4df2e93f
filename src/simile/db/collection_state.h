#pragma once
/// A collection as its writer sees it, and the view that readers get.
///
/// Invariants:
/// 1. Readers see `view()` only: an immutable list that is replaced as a whole by publish(). What
///    apply_*() does before is in memory of its own: rows behind the last one in sight, and copies
///    of the deleted rows.
/// 2. apply_*() can be taken back by roll_back() until publish(); rows that were appended in vain
///    stay where they are, as deleted ones.
/// 3. The last segment grows; those before it are sealed, or frozen until a flush has sealed them.
///    All are in the order of insertion.
///
/// Thread rule: view(), name, schemas, properties and partitions from any thread; everything else
/// under the commit lock of the engine.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "simile/batch.h"
#include "simile/db/view.h"
#include "simile/segment/growing_segment.h"
#include "simile/segment/key.h"
#include "simile/segment/manifest.h"
#include "simile/segment/write_segment.h"

namespace simile::db {

class CollectionState {
 public:
  /// Views of all collections are replaced under one `publish_mutex`, so that nobody sees a write
  /// that spans collections in one of them only.
  CollectionState(const segment::CollectionEntry& entry, std::vector<SegmentView> sealed,
                  std::shared_ptr<std::mutex> publish_mutex);

  std::uint32_t id() const { return id_; }
  std::string name() const;
  /// References to it stay valid for as long as this object is there.
  std::shared_ptr<const Schema> schema() const;
  /// With keys that are there like any other column: what segments and logs hold.
  std::shared_ptr<const Schema> stored_schema() const;
  Properties properties() const;
  std::shared_ptr<const segment::Partitions> partitions() const;

  /// What a manifest says that was published.
  void set_name(std::string name);
  void set_properties(Properties properties);
  /// Under the commit lock, so that no row goes to a partition that is gone.
  void set_partitions(const segment::Partitions& partitions);

  /// Held shared from the validation of a batch to its commit, alone for a change of the schema: so
  /// no row is written that was checked against another one.
  std::shared_mutex& gate() { return gate_; }

  std::shared_ptr<const CollectionView> view() const;

  // --- Writing -------------------------------------------------------------------------------

  /// What one batch changed; for roll_back().
  struct Undo {
    std::vector<RowAddress> deleted;
    std::size_t rows_before = 0;  ///< of the growing segment
  };
  Undo begin() const { return {{}, growing_->rows()}; }

  /// Keys for `rows` rows, where the collection gives them out.
  std::vector<std::int64_t> take_ids(std::size_t rows);
  /// Ids up to this one are never given out again.
  void skip_ids_to(std::int64_t id);

  /// Appends validated rows; `ids` as in GrowingSegment::append. `must_be_new`: kAlreadyExists
  /// where a key is there; else the rows that have the keys are deleted.
  Status apply_rows(const Batch& batch, std::span<const std::int64_t> ids, bool must_be_new,
                    Undo& undo);
  /// Returns how many rows were there.
  Result<std::uint64_t> apply_erase(const segment::KeyList& keys, Undo& undo);
  void roll_back(const Undo& undo);

  /// The live rows with these keys, addresses in working_view(); kNoRow where there is none.
  Result<std::vector<RowAddress>> find_rows(const segment::KeyList& keys) const;

  /// What publish() would make visible: for filters that must see every write.
  CollectionView working_view() const;
  /// Makes visible what was applied. The caller holds the publish mutex.
  void publish_locked(std::uint64_t sequence);

  std::int64_t next_auto_id() const { return next_auto_id_; }
  std::uint64_t last_write() const { return last_write_; }
  std::uint64_t growing_bytes() const { return growing_->memory_bytes(); }
  std::size_t growing_rows() const { return growing_->rows(); }

  // --- Flush and compaction ------------------------------------------------------------------

  /// The first write that no manifest covers, 0 where there is none. `without_frozen`: as it will
  /// be once what is frozen now is sealed.
  std::uint64_t first_unflushed(bool without_frozen) const;
  void note_write(std::uint64_t sequence);

  /// Begins a new growing segment, so that what was written so far can be sealed.
  void freeze();
  std::vector<SegmentView> frozen() const;
  std::vector<SegmentView> sealed() const;

  /// Neighbours, and the segment that holds the rows that were kept of them.
  struct Replacement {
    std::vector<segment::RowSource> sources;
    std::shared_ptr<segment::SealedSegment> written;  ///< null: no row was kept
  };
  /// Rows of `written` that were deleted since its sources were looked at.
  segment::DeletedPointer deleted_since(const Replacement& replacement) const;
  /// Puts it in the place of its sources, with what was deleted since, and publishes. Of frozen
  /// segments all are replaced at once.
  void replace(const Replacement& replacement);
  /// Goes on with another schema, in which every field that was there keeps its place: `sealed` are
  /// the same segments, opened with it. Nothing is frozen.
  void change_schema(const Schema& schema,
                     std::vector<std::shared_ptr<segment::SealedSegment>> sealed);
  /// What was frozen is sealed, or held no rows.
  void end_flush() { first_frozen_ = 0; }

 private:
  struct Working {
    SegmentView view;                             // as published last
    std::shared_ptr<segment::DeletedRows> dirty;  // null: as in view
    const segment::DeletedRows* deleted() const { return dirty ? dirty.get() : view.deleted.get(); }
  };

  std::size_t rows_of(std::size_t segment) const;
  /// The live row with this key.
  Result<RowAddress> locate(const segment::Key& key, std::uint64_t hash) const;
  void mark_deleted(RowAddress row, Undo& undo);
  segment::DeletedRows& dirty(std::size_t segment);
  void add_growing();
  void publish_view(std::uint64_t sequence);
  std::size_t position_of(const segment::Segment& segment) const;

  std::uint32_t id_;
  std::shared_mutex gate_;
  // Read by others under the publish mutex.
  std::string name_;
  Properties properties_;
  std::shared_ptr<const segment::Partitions> partitions_;
  std::shared_ptr<const Schema> schema_;
  std::shared_ptr<const Schema> stored_schema_;
  std::vector<std::shared_ptr<const Schema>> old_schemas_;
  std::shared_ptr<std::mutex> publish_mutex_;
  std::shared_ptr<const CollectionView> view_;  // under the publish mutex

  std::vector<Working> segments_;
  std::size_t sealed_count_ = 0;
  std::shared_ptr<segment::GrowingSegment> growing_;
  std::int64_t next_auto_id_;
  std::uint64_t last_write_ = 0;
  std::uint64_t first_active_ = 0;  // first write since the last freeze; 0: none
  std::uint64_t first_frozen_ = 0;  // first write of what is frozen; 0: none
};

}  // namespace simile::db
