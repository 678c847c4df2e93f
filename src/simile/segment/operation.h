#pragma once
/// What a batch does, as bytes in the payload of a log frame. docs/formats/wal.md.

#include <cstdint>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

#include "simile/base/bytes.h"
#include "simile/batch.h"
#include "simile/error.h"
#include "simile/schema.h"
#include "simile/segment/key.h"

namespace simile::segment {

enum class OperationKind : std::uint8_t {
  kRows = 1,   ///< adds rows; those with the same key go
  kErase = 2,  ///< deletes by key
};

/// `ids`: the keys, where the collection gives them out; else empty.
void encode_rows(std::uint32_t collection, const Schema& schema, const Batch& rows,
                 std::span<const std::int64_t> ids, ByteWriter& writer);
void encode_erase(std::uint32_t collection, const KeyList& keys, ByteWriter& writer);

/// One operation, its body still to be decoded with the schema of its collection.
struct EncodedOperation {
  std::uint32_t collection = 0;
  OperationKind kind = OperationKind::kRows;
  std::span<const std::byte> body;
};

/// Before each batch: the number of its operations.
void encode_batch_begin(std::uint32_t operations, ByteWriter& writer);
Result<std::vector<EncodedOperation>> decode_batch(ByteReader& reader);

/// Rows that borrow from the payload, and what had to be laid out anew.
struct DecodedRows {
  Batch batch;
  std::deque<std::vector<std::string_view>> strings;
  std::deque<std::vector<std::uint64_t>> offsets;
};
/// Structure is checked here; values are not: pass them through validate_batch().
Result<DecodedRows> decode_rows(const Schema& schema, std::span<const std::byte> body);

struct DecodedKeys {
  std::vector<std::int64_t> numbers;
  std::vector<std::string_view> texts;
  bool is_text = false;
  KeysView view() const;
};
Result<DecodedKeys> decode_keys(const Schema& schema, std::span<const std::byte> body);

}  // namespace simile::segment
