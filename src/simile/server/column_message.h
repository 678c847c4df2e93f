#pragma once
/// Columns of messages to batches of the engine, mostly without copying, and columns of the engine
/// to messages.

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <milvus/milvus.pb.h>
#include "simile/batch.h"
#include "simile/server/catalog.h"
#include "simile/server/fault.h"
#include "simile/server/time_zone.h"

namespace simile::server {

namespace wire_schema = ::milvus::proto::schema;
using FieldMessages = google::protobuf::RepeatedPtrField<wire_schema::FieldData>;

/// A batch that borrows from a message, and what had to be converted.
struct BorrowedBatch {
  Batch batch;
  std::deque<std::vector<std::byte>> bytes;
  std::deque<std::vector<std::string_view>> views;
  std::deque<std::vector<std::uint64_t>> offsets;
  std::deque<std::vector<std::uint8_t>> valid;
  std::deque<std::string> texts;
  std::string zone;  ///< of times that name none
};

/// Reads the columns of an insert or upsert. `batch` borrows from `messages`, which outlives it.
/// Every column has `rows` rows; the fault names the field.
Answer<void> read_columns(const FieldMessages& messages, std::uint32_t rows,
                          const CollectionHandle& handle, BorrowedBatch& batch);

/// Which values of a column go into a message: all of them, or these rows in this order.
using RowList = std::span<const std::size_t>;

/// `column` as a message. `meta` may be null. `keys` are the dynamic keys that were asked for,
/// where the column holds dynamic fields; empty: all of them.
void write_column(const Column& column, const FieldMeta* meta, RowList rows,
                  std::span<const std::string> keys, wire_schema::FieldData& message);

/// Names that show_times() knows: year, month, day, hour, minute, second, microsecond.
bool is_time_part(std::string_view name);
/// Moments of a message that write_column() has written, as clocks of the zone show them; with
/// `parts`, lists of these parts of them instead. Other columns stay as they are.
void show_times(const TimeZone& zone, std::span<const std::string> parts,
                wire_schema::FieldData& message);

/// Primary keys of `column` as a message.
void write_keys(const Column& column, RowList rows, wire_schema::IDs& message);

/// Packed entries of a sparse vector as the engine takes them; the fault begins with `what`.
Answer<void> check_sparse_row(std::string_view packed, std::string_view what);

/// Rows 0..count-1.
std::vector<std::size_t> every_row(std::size_t count);

}  // namespace simile::server
