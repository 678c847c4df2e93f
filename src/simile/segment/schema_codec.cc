#include "simile/segment/schema_codec.h"

#include <utility>
#include <vector>

namespace simile::segment {

namespace {

constexpr std::uint8_t kPrimaryKey = 1;
constexpr std::uint8_t kAutoId = 2;
constexpr std::uint8_t kNullable = 4;

template <class Enum>
Enum enum_from(std::uint8_t value, Enum last, bool& ok) {
  ok = ok && value <= static_cast<std::uint8_t>(last);
  return static_cast<Enum>(ok ? value : 0);
}

}  // namespace

void encode_schema(const Schema& schema, ByteWriter& writer) {
  writer.put(static_cast<std::uint32_t>(schema.fields().size()));
  for (const Field& field : schema.fields()) {
    writer.put_string(field.name);
    writer.put(static_cast<std::uint8_t>(field.type));
    writer.put(static_cast<std::uint8_t>(field.element_type));
    writer.put(static_cast<std::uint8_t>(field.vector.element));
    writer.put(static_cast<std::uint8_t>(field.metric));
    writer.put(static_cast<std::uint8_t>(field.index));
    writer.put(static_cast<std::uint8_t>((field.primary_key ? kPrimaryKey : 0) |
                                         (field.auto_id ? kAutoId : 0) |
                                         (field.nullable ? kNullable : 0)));
    writer.put(field.vector.dim);
    writer.put_string(field.model_card);
  }
}

Result<Schema> decode_schema(ByteReader& reader) {
  const auto count = reader.get<std::uint32_t>();
  std::vector<Field> fields;
  bool ok = true;
  for (std::uint32_t i = 0; i < count && reader.ok() && ok; ++i) {
    Field field;
    field.name = reader.get_string();
    field.type = enum_from(reader.get<std::uint8_t>(), FieldType::kVector, ok);
    field.element_type = enum_from(reader.get<std::uint8_t>(), FieldType::kVector, ok);
    field.vector.element = enum_from(reader.get<std::uint8_t>(), ElementType::kBit, ok);
    field.metric = enum_from(reader.get<std::uint8_t>(), Metric::kJaccard, ok);
    field.index = enum_from(reader.get<std::uint8_t>(), IndexKind::kGraph, ok);
    const auto flags = reader.get<std::uint8_t>();
    field.primary_key = (flags & kPrimaryKey) != 0;
    field.auto_id = (flags & kAutoId) != 0;
    field.nullable = (flags & kNullable) != 0;
    field.vector.dim = reader.get<std::uint32_t>();
    field.model_card = reader.get_string();
    fields.push_back(std::move(field));
  }
  if (!reader.ok() || !ok) return fail(ErrorCode::kDataLoss, "a schema is cut short or damaged");
  Result<Schema> schema = Schema::make(std::move(fields));
  if (!schema) return fail(ErrorCode::kDataLoss, "a bad schema: " + schema.error().message);
  return schema;
}

}  // namespace simile::segment
