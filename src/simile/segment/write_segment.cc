#include "simile/segment/write_segment.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/scalar/sealed_column.h"
#include "simile/segment/file_names.h"
#include "simile/segment/key_map.h"
#include "simile/segment/null_vectors.h"

namespace simile::segment {

namespace {

Status check_cancel(const CancelToken* cancel) {
  if (cancel != nullptr && cancel->cancelled()) return fail(ErrorCode::kCancelled, "cancelled");
  return {};
}

/// Bytes on their way to a section, 1 MiB at a time.
class BufferedSection {
 public:
  explicit BufferedSection(io::SectionWriter& writer) : writer_(writer) {
    buffer_.reserve(kBufferBytes);
  }
  Status append(const void* bytes, std::size_t count) {
    const auto* first = static_cast<const std::byte*>(bytes);
    buffer_.insert(buffer_.end(), first, first + count);
    return buffer_.size() < kBufferBytes ? Status{} : flush();
  }
  Status flush() {
    SIMILE_TRY(writer_.append(buffer_));
    buffer_.clear();
    return {};
  }

 private:
  static constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
  io::SectionWriter& writer_;
  std::vector<std::byte> buffer_;
};

/// Calls visit(part, row in the part) for each row of the source.
template <class Visit>
Status for_each_vector(const RowSource& source, std::size_t field, Visit&& visit) {
  if (source.rows.empty()) return {};
  const auto parts = source.segment->vectors(field, value_of(source.rows.back()) + std::size_t{1});
  std::size_t part = 0;
  std::size_t begin = 0;
  for (const RowId row : source.rows) {
    while (value_of(row) >= begin + parts[part].vectors.rows) begin += parts[part++].vectors.rows;
    SIMILE_TRY(visit(parts[part], value_of(row) - begin));
  }
  return {};
}

Status write_vectors(io::SectionWriter& writer, std::size_t position, const Field& field,
                     std::span<const RowSource> sources) {
  SIMILE_TRY(writer.begin_section(section_of(position, "vectors")));
  BufferedSection vectors(writer);
  for (const RowSource& source : sources) {
    SIMILE_TRY(for_each_vector(source, position, [&](const index::Rows& part, std::size_t row) {
      return vectors.append(part.vectors.row(row), field.vector.bytes());
    }));
  }
  SIMILE_TRY(vectors.flush());
  if (field.metric != Metric::kCosine) return {};
  SIMILE_TRY(writer.begin_section(section_of(position, "lengths")));
  BufferedSection lengths(writer);
  for (const RowSource& source : sources) {
    SIMILE_TRY(for_each_vector(source, position, [&](const index::Rows& part, std::size_t row) {
      return lengths.append(&part.inverse_lengths[row], sizeof(float));
    }));
  }
  return lengths.flush();
}

Status write_rows(io::Storage& storage, const Schema& schema, std::span<const RowSource> sources,
                  std::uint64_t id, std::uint64_t rows, const CancelToken* cancel) {
  SIMILE_ASSIGN(auto writer,
                io::SectionWriter::create(storage, rows_name(id), kRowsKind, kRowsFormat));
  ByteWriter meta;
  meta.put(id);
  meta.put(rows);
  SIMILE_TRY(writer->add_section(kMetaSection, meta.bytes()));
  for (std::size_t i = 0; i < schema.fields().size(); ++i) {
    SIMILE_TRY(check_cancel(cancel));
    const Field& field = schema.fields()[i];
    if (field.type == FieldType::kVector) {
      SIMILE_TRY(write_vectors(*writer, i, field, sources));
      if (!field.nullable) continue;
    }
    std::vector<scalar::ColumnSlice> slices;
    for (const RowSource& source : sources) {
      const scalar::ColumnReader* column = source.segment->column(field.name);
      SIMILE_TRY(column->check());
      slices.push_back({column, source.rows});
    }
    const Field stored = field.type == FieldType::kVector ? presence_field(field) : field;
    SIMILE_TRY(scalar::write_column(*writer, join_text(i), stored, slices));
  }
  return writer->finish();
}

Result<WrittenSegment> write_and_verify(const std::shared_ptr<io::Storage>& storage,
                                        const std::shared_ptr<const Schema>& schema,
                                        std::span<const RowSource> sources,
                                        const SegmentFiles& files, const CancelToken* cancel) {
  WrittenSegment written;
  written.entry.id = files.id;
  written.entry.fields = static_cast<std::uint32_t>(schema->fields().size());
  for (const RowSource& source : sources) written.entry.rows += source.rows.size();
  SIMILE_TRY(write_rows(*storage, *schema, sources, files.id, written.entry.rows, cancel));
  SIMILE_TRY(check_cancel(cancel));
  SIMILE_ASSIGN(const auto rows, SealedSegment::open(storage, schema, written.entry));
  SIMILE_TRY(rows->verify_rows());
  const auto* keys = rows->column(schema->primary_key().name);
  SIMILE_TRY(keys->check());
  SIMILE_TRY(KeyMap::build(*keys, written.entry.rows)->write(*storage, keys_name(files.keys_file)));
  SIMILE_TRY(KeyMap::open(*storage, keys_name(files.keys_file), written.entry.rows));
  const auto key_field = &schema->primary_key() - schema->fields().data();
  written.entry.set_derived_file(static_cast<std::uint32_t>(key_field), files.keys_file);
  SIMILE_ASSIGN(written.segment, SealedSegment::open(storage, schema, written.entry));
  return written;
}

}  // namespace

Result<WrittenSegment> write_segment(const std::shared_ptr<io::Storage>& storage,
                                     const std::shared_ptr<const Schema>& schema,
                                     std::span<const RowSource> sources, const SegmentFiles& files,
                                     const CancelToken* cancel) {
  auto written = write_and_verify(storage, schema, sources, files, cancel);
  if (!written) {
    static_cast<void>(storage->remove(rows_name(files.id)));
    static_cast<void>(storage->remove(keys_name(files.keys_file)));
  }
  return written;
}

Result<std::unique_ptr<index::VectorIndex>> write_index(io::Storage& storage, const Field& field,
                                                        const index::Rows& rows, std::uint64_t file,
                                                        const index::BuildContext& context) {
  SIMILE_ASSIGN(auto index,
                index::build_graph(rows, field.metric, {.optimize = field.optimize}, context));
  const auto write = [&]() -> Status {
    SIMILE_ASSIGN(auto writer,
                  io::SectionWriter::create(storage, index_name(file), kIndexKind, kIndexFormat));
    SIMILE_TRY(index->save(*writer));
    return writer->finish();
  };
  if (Status written = write(); !written) {
    static_cast<void>(storage.remove(index_name(file)));
    return std::unexpected(written.error());
  }
  return index;
}

Result<std::unique_ptr<index::SparseIndex>> write_sparse_index(io::Storage& storage,
                                                               const scalar::ColumnReader& column,
                                                               std::size_t rows, std::uint64_t file,
                                                               const CancelToken* cancel) {
  SIMILE_TRY(column.check());
  const auto scratch = std::make_unique<scalar::BlockScratch>();
  const index::ForEachRow each = [&](const index::VisitRow& visit) -> Status {
    for (std::size_t first = 0; first < rows; first += scalar::kBlockRows) {
      SIMILE_TRY(check_cancel(cancel));
      const std::size_t count = std::min(scalar::kBlockRows, rows - first);
      const scalar::Block block = column.block(first, count, *scratch);
      for (std::size_t i = 0; i < count; ++i) visit(index::SparseRow(block.strings[i]));
    }
    return {};
  };
  const auto write = [&]() -> Result<std::unique_ptr<index::SparseIndex>> {
    SIMILE_ASSIGN(auto writer,
                  io::SectionWriter::create(storage, index_name(file), kIndexKind, kIndexFormat));
    SIMILE_TRY(index::write_sparse_index(*writer, rows, each, cancel));
    SIMILE_TRY(writer->finish());
    SIMILE_ASSIGN(auto opened, storage.open(index_name(file)));
    SIMILE_ASSIGN(auto reader,
                  io::SectionReader::open(std::move(opened), kIndexKind, kIndexFormat));
    return index::SparseIndex::load(std::move(reader), rows);
  };
  auto written = write();
  if (!written) static_cast<void>(storage.remove(index_name(file)));
  return written;
}

Result<std::unique_ptr<scalar::ColumnIndex>> write_column_index(io::Storage& storage,
                                                                const scalar::ColumnReader& column,
                                                                std::size_t rows,
                                                                std::uint64_t file,
                                                                const CancelToken* cancel) {
  const auto write = [&]() -> Result<std::unique_ptr<scalar::ColumnIndex>> {
    SIMILE_ASSIGN(auto writer,
                  io::SectionWriter::create(storage, index_name(file), kIndexKind, kIndexFormat));
    SIMILE_TRY(scalar::write_column_index(*writer, column, rows, cancel));
    SIMILE_TRY(writer->finish());
    SIMILE_ASSIGN(auto opened, storage.open(index_name(file)));
    SIMILE_ASSIGN(auto reader,
                  io::SectionReader::open(std::move(opened), kIndexKind, kIndexFormat));
    return scalar::ColumnIndex::load(std::move(reader), column.field(), rows);
  };
  auto written = write();
  if (!written) static_cast<void>(storage.remove(index_name(file)));
  return written;
}

}  // namespace simile::segment
