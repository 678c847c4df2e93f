#include "simile/segment/operation.h"

#include <cstring>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::segment {

namespace {

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::kDataLoss, join_text("a logged operation is damaged: ", what));
}

bool is_text_type(FieldType type) {
  return type == FieldType::kString || type == FieldType::kJson || type == FieldType::kSparse;
}

std::size_t bytes_of_value(const Field& field) {
  return field.type == FieldType::kVector ? field.vector.bytes() : width_of(field.type);
}

void put_strings(std::span<const std::string_view> strings, ByteWriter& writer) {
  for (const std::string_view text : strings) writer.put(static_cast<std::uint32_t>(text.size()));
  for (const std::string_view text : strings) {
    writer.put_bytes(std::as_bytes(std::span(text)));
  }
}

void put_column(const Field& field, std::uint32_t position, const ColumnView& column,
                std::size_t rows, ByteWriter& writer) {
  writer.put(position);
  writer.put(static_cast<std::uint8_t>(column.valid.empty() ? 0 : 1));
  if (!column.valid.empty()) writer.put_bytes(std::as_bytes(column.valid.first(rows)));
  if (is_text_type(field.type)) {
    put_strings(column.strings.first(rows), writer);
  } else if (field.type == FieldType::kArray) {
    const auto offsets = column.offsets.first(rows + 1);
    writer.put_bytes(std::as_bytes(offsets));
    const std::size_t elements = offsets.back();
    if (is_text_type(field.element_type)) {
      put_strings(column.strings.first(elements), writer);
    } else {
      writer.put_bytes(column.fixed.first(elements * width_of(field.element_type)));
    }
  } else {
    writer.put_bytes(column.fixed.first(rows * bytes_of_value(field)));
  }
}

/// Writes the operation's beginning, then the body, then its length in front of it.
template <class WriteBody>
void put_operation(std::uint32_t collection, OperationKind kind, ByteWriter& writer,
                   WriteBody&& write_body) {
  writer.put(collection);
  writer.put(kind);
  const std::size_t length_at = writer.size();
  writer.put(std::uint64_t{0});
  const std::size_t body_at = writer.size();
  write_body(writer);
  writer.set(length_at, static_cast<std::uint64_t>(writer.size() - body_at));
}

bool get_strings(ByteReader& reader, std::uint64_t count, std::vector<std::string_view>& out) {
  if (count > reader.remaining() / sizeof(std::uint32_t)) return false;
  ByteReader lengths(reader.get_bytes(count * sizeof(std::uint32_t)));
  out.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto text = reader.get_bytes(lengths.get<std::uint32_t>());
    if (!reader.ok()) return false;
    out.emplace_back(reinterpret_cast<const char*>(text.data()), text.size());
  }
  return true;
}

bool get_offsets(ByteReader& reader, std::size_t rows, std::vector<std::uint64_t>& out) {
  if (rows + 1 > reader.remaining() / sizeof(std::uint64_t)) return false;
  const auto bytes = reader.get_bytes((rows + 1) * sizeof(std::uint64_t));
  out.resize(rows + 1);
  std::memcpy(out.data(), bytes.data(), bytes.size());
  if (out[0] != 0) return false;
  for (std::size_t i = 0; i < rows; ++i) {
    if (out[i + 1] < out[i]) return false;
  }
  return true;
}

bool get_fixed(ByteReader& reader, std::uint64_t count, std::size_t width, ColumnView& column) {
  if (count > reader.remaining() / width) return false;
  column.fixed = reader.get_bytes(count * width);
  return true;
}

bool get_values(ByteReader& reader, const Field& field, DecodedRows& out, ColumnView& column) {
  const std::size_t rows = out.batch.rows;
  if (is_text_type(field.type)) {
    auto& strings = out.strings.emplace_back();
    if (!get_strings(reader, rows, strings)) return false;
    column.strings = strings;
    return true;
  }
  if (field.type != FieldType::kArray) {
    return get_fixed(reader, rows, bytes_of_value(field), column);
  }
  auto& offsets = out.offsets.emplace_back();
  if (!get_offsets(reader, rows, offsets)) return false;
  column.offsets = offsets;
  if (!is_text_type(field.element_type)) {
    return get_fixed(reader, offsets.back(), width_of(field.element_type), column);
  }
  auto& strings = out.strings.emplace_back();
  if (!get_strings(reader, offsets.back(), strings)) return false;
  column.strings = strings;
  return true;
}

}  // namespace

void encode_batch_begin(std::uint32_t operations, ByteWriter& writer) { writer.put(operations); }

void encode_rows(std::uint32_t collection, const Schema& schema, const Batch& rows,
                 std::span<const std::int64_t> ids, ByteWriter& writer) {
  put_operation(collection, OperationKind::kRows, writer, [&](ByteWriter& body) {
    body.put(static_cast<std::uint64_t>(rows.rows));
    body.put(static_cast<std::uint32_t>(rows.columns.size() + (ids.empty() ? 0 : 1)));
    const auto position_of = [&](const Field* field) {
      return static_cast<std::uint32_t>(field - schema.fields().data());
    };
    if (!ids.empty()) {
      ColumnView column;
      column.fixed = std::as_bytes(ids);
      const Field& key = schema.primary_key();
      put_column(key, position_of(&key), column, rows.rows, body);
    }
    for (const ColumnView& column : rows.columns) {
      const Field* field = schema.find(column.field);
      SIMILE_CHECK(field != nullptr);
      put_column(*field, position_of(field), column, rows.rows, body);
    }
  });
}

void encode_erase(std::uint32_t collection, const KeyList& keys, ByteWriter& writer) {
  put_operation(collection, OperationKind::kErase, writer, [&](ByteWriter& body) {
    body.put(static_cast<std::uint64_t>(keys.size()));
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys.is_text()) {
        body.put_string(keys.at(i).text);
      } else {
        body.put(keys.at(i).number);
      }
    }
  });
}

Result<std::vector<EncodedOperation>> decode_batch(ByteReader& reader) {
  const auto count = reader.get<std::uint32_t>();
  std::vector<EncodedOperation> operations;
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    EncodedOperation& operation = operations.emplace_back();
    operation.collection = reader.get<std::uint32_t>();
    operation.kind = static_cast<OperationKind>(reader.get<std::uint8_t>());
    operation.body = reader.get_bytes(reader.get<std::uint64_t>());
    if (operation.kind != OperationKind::kRows && operation.kind != OperationKind::kErase) {
      return damaged("its kind is unknown");
    }
  }
  if (!reader.ok()) return damaged("it is cut short");
  return operations;
}

Result<DecodedRows> decode_rows(const Schema& schema, std::span<const std::byte> body) {
  ByteReader reader(body);
  DecodedRows out;
  const auto rows = reader.get<std::uint64_t>();
  const auto columns = reader.get<std::uint32_t>();
  // Every row has a vector, of at least a byte.
  if (!reader.ok() || rows > reader.remaining()) return damaged("its rows are cut short");
  out.batch.rows = rows;
  for (std::uint32_t i = 0; i < columns; ++i) {
    const auto position = reader.get<std::uint32_t>();
    const auto has_valid = reader.get<std::uint8_t>();
    if (!reader.ok() || position >= schema.fields().size()) return damaged("its field is unknown");
    const Field& field = schema.fields()[position];
    ColumnView column;
    column.field = field.name;
    column.type = field.type;
    column.element_type = field.element_type;
    column.vector = field.vector;
    if (has_valid != 0) {
      const auto valid = reader.get_bytes(rows);
      column.valid = {reinterpret_cast<const std::uint8_t*>(valid.data()), valid.size()};
    }
    if (!reader.ok() || !get_values(reader, field, out, column)) {
      return damaged(join_text("the values of '", field.name, "' are cut short"));
    }
    out.batch.columns.push_back(column);
  }
  if (reader.remaining() != 0) return damaged("bytes are left over");
  return out;
}

KeysView DecodedKeys::view() const {
  if (is_text) return std::span<const std::string_view>(texts);
  return std::span<const std::int64_t>(numbers);
}

Result<DecodedKeys> decode_keys(const Schema& schema, std::span<const std::byte> body) {
  ByteReader reader(body);
  DecodedKeys out;
  out.is_text = schema.primary_key().type == FieldType::kString;
  const auto count = reader.get<std::uint64_t>();
  if (!reader.ok() || count > reader.remaining() / sizeof(std::uint32_t)) {
    return damaged("its keys are cut short");
  }
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    if (out.is_text) {
      out.texts.push_back(reader.get_string());
    } else {
      out.numbers.push_back(reader.get<std::int64_t>());
    }
  }
  if (!reader.ok() || reader.remaining() != 0) return damaged("its keys are cut short");
  return out;
}

}  // namespace simile::segment
