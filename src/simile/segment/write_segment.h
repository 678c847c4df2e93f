#pragma once
/// The one way to a sealed segment, for flush and compaction alike.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "simile/io/storage.h"
#include "simile/progress.h"
#include "simile/schema.h"
#include "simile/segment/manifest.h"
#include "simile/segment/sealed_segment.h"
#include "simile/segment/segment.h"

namespace simile::segment {

/// Rows to keep of one segment, ascending.
struct RowSource {
  std::shared_ptr<const Segment> segment;
  std::vector<RowId> rows;
};

/// The names that the new files get.
struct SegmentFiles {
  std::uint64_t id = 0;
  std::uint64_t keys_file = 0;
};

struct WrittenSegment {
  SegmentEntry entry;
  std::shared_ptr<SealedSegment> segment;
};

/// Writes the rows of all sources, one source after the other, to a new rows file and key map:
///   1. write and sync   2. open what was written   3. read it back and compare every checksum
/// What fails leaves no file behind, if the disk lets it. The caller publishes the entry.
Result<WrittenSegment> write_segment(const std::shared_ptr<io::Storage>& storage,
                                     const std::shared_ptr<const Schema>& schema,
                                     std::span<const RowSource> sources, const SegmentFiles& files,
                                     const CancelToken* cancel);

/// Builds the index of a vector field of a sealed segment and writes it to index_name(file);
/// durable on return, but not used yet.
Result<std::unique_ptr<index::VectorIndex>> write_index(io::Storage& storage, const Field& field,
                                                        const index::Rows& rows, std::uint64_t file,
                                                        const index::BuildContext& context);

/// The same for a sparse field.
Result<std::unique_ptr<index::SparseIndex>> write_sparse_index(io::Storage& storage,
                                                               const scalar::ColumnReader& column,
                                                               std::size_t rows, std::uint64_t file,
                                                               const CancelToken* cancel);

/// The same for filters on a scalar field, as its Field::scalar_index says.
Result<std::unique_ptr<scalar::ColumnIndex>> write_column_index(io::Storage& storage,
                                                                const scalar::ColumnReader& column,
                                                                std::size_t rows,
                                                                std::uint64_t file,
                                                                const CancelToken* cancel);

}  // namespace simile::segment
