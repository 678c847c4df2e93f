#include "simile/segment/schema_codec.h"

#include <utility>
#include <vector>

#include "simile/base/check.h"
#include "simile/segment/tagged_parts.h"

namespace simile::segment {

namespace {

constexpr std::uint8_t kPrimaryKey = 1;
constexpr std::uint8_t kAutoId = 2;
constexpr std::uint8_t kNullable = 4;
constexpr std::uint8_t kDynamic = 8;
constexpr std::uint8_t kPartitionKey = 16;

enum FieldTag : std::uint32_t {
  kDefaultValue = 1,
  kMaxLength = 2,
  kMaxCapacity = 3,
  kSparseField = 4,
  kAnalyzer = 5,
  kScalarIndex = 6,
};

void put_default(const DefaultValue& value, ByteWriter& writer) {
  writer.put(static_cast<std::uint8_t>(value.index()));
  if (const auto* truth = std::get_if<bool>(&value)) writer.put(*truth);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) writer.put(*integer);
  if (const auto* number = std::get_if<double>(&value)) writer.put(*number);
  if (const auto* text = std::get_if<std::string>(&value)) writer.put_string(*text);
}

DefaultValue get_default(ByteReader& reader) {
  switch (reader.get<std::uint8_t>()) {
    case 1: return reader.get<std::uint8_t>() != 0;
    case 2: return reader.get<std::int64_t>();
    case 3: return reader.get<double>();
    case 4: return std::string(reader.get_string());
    default: return {};
  }
}

template <class Enum>
Enum enum_from(std::uint8_t value, Enum last, bool& ok) {
  ok = ok && value <= static_cast<std::uint8_t>(last);
  return static_cast<Enum>(ok ? value : 0);
}

void put_parts(const Field& field, ByteWriter& writer) {
  TaggedParts parts;
  if (field.has_default()) {
    parts.add(kDefaultValue, [&](ByteWriter& part) { put_default(field.default_value, part); });
  }
  if (field.max_length != 0) {
    parts.add(kMaxLength, [&](ByteWriter& part) { part.put(field.max_length); });
  }
  if (field.max_capacity != 0) {
    parts.add(kMaxCapacity, [&](ByteWriter& part) { part.put(field.max_capacity); });
  }
  if (field.type == FieldType::kSparse) {
    parts.add(kSparseField, [&](ByteWriter& part) {
      part.put(field.bm25_k1);
      part.put(field.bm25_b);
      part.put_string(field.source);
    });
  }
  if (!field.analyzer.empty()) {
    parts.add(kAnalyzer, [&](ByteWriter& part) { part.put_string(field.analyzer); });
  }
  if (field.scalar_index != ScalarIndex::kNone) {
    parts.add(kScalarIndex, [&](ByteWriter& part) { part.put(field.scalar_index); });
  }
  parts.write(writer);
}

Status get_parts(Field& field, ByteReader& reader) {
  return read_tagged(reader, [&](std::uint32_t tag, ByteReader& part) {
    switch (tag) {
      case kDefaultValue: field.default_value = get_default(part); return true;
      case kMaxLength: field.max_length = part.get<std::uint32_t>(); return true;
      case kMaxCapacity: field.max_capacity = part.get<std::uint32_t>(); return true;
      case kSparseField:
        field.bm25_k1 = part.get<float>();
        field.bm25_b = part.get<float>();
        field.source = part.get_string();
        return true;
      case kAnalyzer: field.analyzer = part.get_string(); return true;
      case kScalarIndex: {
        bool known = true;
        field.scalar_index = enum_from(part.get<std::uint8_t>(), ScalarIndex::kNgram, known);
        return known;
      }
      default: return false;
    }
  });
}

// Index kinds as they are on disk, beside those that are what they are.
constexpr std::uint8_t kGraphForMemory = 2;
constexpr std::uint8_t kInvertedIndex = 3;

}  // namespace

void encode_schema(const Schema& schema, ByteWriter& writer) {
  writer.put(static_cast<std::uint32_t>(schema.fields().size()));
  for (const Field& field : schema.fields()) {
    writer.put_string(field.name);
    writer.put(static_cast<std::uint8_t>(field.type));
    writer.put(static_cast<std::uint8_t>(field.element_type));
    writer.put(static_cast<std::uint8_t>(field.vector.element));
    writer.put(static_cast<std::uint8_t>(field.metric));
    const bool for_memory = field.optimize == Optimize::kMemory;
    writer.put(for_memory                            ? kGraphForMemory
               : field.index == IndexKind::kInverted ? kInvertedIndex
                                                     : static_cast<std::uint8_t>(field.index));
    writer.put(static_cast<std::uint8_t>(
        (field.primary_key ? kPrimaryKey : 0) | (field.auto_id ? kAutoId : 0) |
        (field.nullable ? kNullable : 0) | (field.dynamic ? kDynamic : 0) |
        (field.partition_key ? kPartitionKey : 0)));
    writer.put(field.vector.dim);
    writer.put_string(field.model_card);
    put_parts(field, writer);
  }
}

Result<Schema> decode_schema(ByteReader& reader, bool tagged) {
  const auto count = reader.get<std::uint32_t>();
  std::vector<Field> fields;
  bool ok = true;
  for (std::uint32_t i = 0; i < count && reader.ok() && ok; ++i) {
    Field field;
    field.name = reader.get_string();
    field.type = enum_from(reader.get<std::uint8_t>(), FieldType::kSparse, ok);
    field.element_type = enum_from(reader.get<std::uint8_t>(), FieldType::kVector, ok);
    field.vector.element = enum_from(reader.get<std::uint8_t>(), ElementType::kBit, ok);
    field.metric = enum_from(reader.get<std::uint8_t>(), Metric::kBm25, ok);
    const auto index = reader.get<std::uint8_t>();
    if (index == kGraphForMemory) {
      field.optimize = Optimize::kMemory;
    } else if (index == kInvertedIndex) {
      field.index = IndexKind::kInverted;
    } else {
      field.index = enum_from(index, IndexKind::kGraph, ok);
    }
    const auto flags = reader.get<std::uint8_t>();
    field.primary_key = (flags & kPrimaryKey) != 0;
    field.auto_id = (flags & kAutoId) != 0;
    field.nullable = (flags & kNullable) != 0;
    field.dynamic = (flags & kDynamic) != 0;
    field.partition_key = (flags & kPartitionKey) != 0;
    field.vector.dim = reader.get<std::uint32_t>();
    field.model_card = reader.get_string();
    if (tagged) SIMILE_TRY(get_parts(field, reader));
    fields.push_back(std::move(field));
  }
  if (!reader.ok() || !ok) return fail(ErrorCode::kDataLoss, "a schema is cut short or damaged");
  Result<Schema> schema = Schema::make(std::move(fields));
  if (!schema) return fail(ErrorCode::kDataLoss, "a bad schema: " + schema.error().message);
  return schema;
}

}  // namespace simile::segment
