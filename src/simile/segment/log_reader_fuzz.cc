/// Any bytes as a log, and as the payload of a sound frame: reading must end, with an error or
/// without one, and what is decoded must lie inside the input.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "simile/base/check.h"
#include "simile/scalar/validate_batch.h"
#include "simile/segment/log_layout.h"
#include "simile/segment/log_reader.h"
#include "simile/segment/operation.h"

namespace {

using namespace simile;
using namespace simile::segment;

const LogHeader kLog{1, 2, 1};

const Schema& schema() {
  static const Schema schema =
      *Schema::make({*parse_field("id", "string primary key"), *parse_field("v", "float32[2] l2"),
                     *parse_field("n", "int32 nullable"), *parse_field("tags", "array<string>"),
                     *parse_field("sizes", "array<int16>"), *parse_field("j", "json nullable")});
  return schema;
}

void decode(std::span<const std::byte> payload) {
  ByteReader reader(payload);
  const auto operations = decode_batch(reader);
  if (!operations) return;
  for (const EncodedOperation& operation : *operations) {
    if (operation.kind == OperationKind::kRows) {
      const auto rows = decode_rows(schema(), operation.body);
      if (rows) static_cast<void>(scalar::validate_batch(schema(), rows->batch));
    } else {
      static_cast<void>(decode_keys(schema(), operation.body));
    }
  }
}

Status decode_frame(const LogFrame& frame) {
  decode(frame.payload);
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  static_cast<void>(scan_log(input, "log", kLog, {}, decode_frame));
  // Behind a sound header, and as one body: hardly any random bytes get past the checksums.
  LogHeaderBytes header;
  header.number = kLog.number;
  header.database_id = kLog.database_id;
  header.first_sequence = 1;
  header.checksum = checksum_of(header);
  std::vector<std::byte> bytes(sizeof header);
  std::memcpy(bytes.data(), &header, sizeof header);
  bytes.insert(bytes.end(), input.begin(), input.end());
  const auto scan = scan_log(bytes, "log", kLog, {}, decode_frame);
  SIMILE_CHECK(!scan || scan->end.offset <= bytes.size());
  decode(input);
  if (const auto rows = decode_rows(schema(), input)) {
    static_cast<void>(scalar::validate_batch(schema(), rows->batch));
  }
  static_cast<void>(decode_keys(schema(), input));
  return 0;
}
