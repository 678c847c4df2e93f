#pragma once
/// What a snapshot is made of: an immutable list of segments with the rows that may be seen.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "simile/schema.h"
#include "simile/segment/deleted_rows.h"
#include "simile/segment/manifest.h"
#include "simile/segment/sealed_segment.h"
#include "simile/segment/segment.h"

namespace simile::db {

struct SegmentView {
  std::shared_ptr<const segment::Segment> segment;
  std::shared_ptr<segment::SealedSegment> sealed;  ///< the same, or null for a growing one
  std::size_t rows = 0;
  segment::DeletedPointer deleted;

  std::size_t deleted_count() const { return deleted ? deleted->count : 0; }
  std::size_t live_count() const { return rows - deleted_count(); }
  segment::RowsInSight sight() const { return {rows, deleted.get()}; }
};

/// The state of a collection after the write `sequence`. Segments are in the order of insertion,
/// and no two rows in sight have the same key.
struct CollectionView {
  std::string name;
  std::shared_ptr<const Schema> schema;
  std::uint64_t sequence = 0;
  std::vector<SegmentView> segments;
  std::shared_ptr<const segment::Partitions> partitions;
};

/// A row of a view.
struct RowAddress {
  std::uint32_t segment = 0;
  RowId row = kNoRow;

  friend bool operator==(const RowAddress&, const RowAddress&) = default;
  friend auto operator<=>(const RowAddress&, const RowAddress&) = default;
};

}  // namespace simile::db
