#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "simile/base/timestamp.h"
#include "simile/server/column_message.h"
#include "simile/server/schema_message.h"

namespace simile::server {

namespace {

using wire_schema::DataType;
using wire_schema::FieldData;
using wire_schema::ScalarField;

template <class T>
T value_at(const Column& column, std::size_t row) {
  T value;
  std::memcpy(&value, column.fixed.data() + row * sizeof(T), sizeof(T));
  return value;
}

template <class T, class Repeated>
void add_values(const Column& column, RowList rows, Repeated& out) {
  out.Reserve(static_cast<int>(rows.size()));
  for (const std::size_t row : rows) out.Add(value_at<T>(column, row));
}

/// What is left of a JSON object when only `keys` are kept.
std::string only_keys(const std::string& text, std::span<const std::string> keys) {
  if (keys.empty()) return text;
  const auto object = nlohmann::json::parse(text, nullptr, false);
  auto kept = nlohmann::json::object();
  if (object.is_object()) {
    for (const std::string& key : keys) {
      if (const auto found = object.find(key); found != object.end()) kept[key] = *found;
    }
  }
  return kept.dump();
}

void write_array_row(const Column& column, std::size_t row, ScalarField& out) {
  const auto first = column.offsets[row];
  const std::size_t count = column.offsets[row + 1] - first;
  const auto add = [&]<class T>(auto& to, T /*of this type*/) {
    for (std::size_t i = 0; i < count; ++i) to.Add(value_at<T>(column, first + i));
  };
  switch (column.element_type) {
    case FieldType::kBool: add(*out.mutable_bool_data()->mutable_data(), bool{}); break;
    case FieldType::kInt8: add(*out.mutable_int_data()->mutable_data(), std::int8_t{}); break;
    case FieldType::kInt16: add(*out.mutable_int_data()->mutable_data(), std::int16_t{}); break;
    case FieldType::kInt32: add(*out.mutable_int_data()->mutable_data(), std::int32_t{}); break;
    case FieldType::kInt64: add(*out.mutable_long_data()->mutable_data(), std::int64_t{}); break;
    case FieldType::kFloat: add(*out.mutable_float_data()->mutable_data(), float{}); break;
    case FieldType::kDouble: add(*out.mutable_double_data()->mutable_data(), double{}); break;
    case FieldType::kString: {
      auto& to = *out.mutable_string_data();
      for (std::size_t i = 0; i < count; ++i) to.add_data(column.strings[first + i]);
      break;
    }
    default: break;
  }
}

void write_scalars(const Column& column, RowList rows, std::span<const std::string> keys,
                   ScalarField& out) {
  switch (column.type) {
    case FieldType::kBool:
      return add_values<bool>(column, rows, *out.mutable_bool_data()->mutable_data());
    case FieldType::kInt8:
      return add_values<std::int8_t>(column, rows, *out.mutable_int_data()->mutable_data());
    case FieldType::kInt16:
      return add_values<std::int16_t>(column, rows, *out.mutable_int_data()->mutable_data());
    case FieldType::kInt32:
      return add_values<std::int32_t>(column, rows, *out.mutable_int_data()->mutable_data());
    case FieldType::kInt64:
      return add_values<std::int64_t>(column, rows, *out.mutable_long_data()->mutable_data());
    case FieldType::kFloat:
      return add_values<float>(column, rows, *out.mutable_float_data()->mutable_data());
    case FieldType::kDouble:
      return add_values<double>(column, rows, *out.mutable_double_data()->mutable_data());
    case FieldType::kString:
      for (const std::size_t row : rows) {
        out.mutable_string_data()->add_data(column.strings[row]);
      }
      out.mutable_string_data();
      return;
    case FieldType::kJson:
      for (const std::size_t row : rows) {
        const std::string& text = column.strings[row];
        if (column.field != kDynamicField) {
          out.mutable_json_data()->add_data(text);
        } else {
          out.mutable_json_data()->add_data(text.empty() ? "{}" : only_keys(text, keys));
        }
      }
      out.mutable_json_data();
      return;
    case FieldType::kArray: {
      auto& array = *out.mutable_array_data();
      array.set_element_type(wire_type(column.element_type));
      for (const std::size_t row : rows) write_array_row(column, row, *array.add_data());
      return;
    }
    default: return;
  }
}

void write_sparse(const Column& column, RowList rows, wire_schema::VectorField& out) {
  auto& sparse = *out.mutable_sparse_float_vector();
  std::int64_t dim = 0;
  for (const std::size_t row : rows) {
    if (column.is_null(row)) continue;
    const std::string& packed = column.strings[row];
    sparse.add_contents(packed);
    if (packed.empty()) continue;
    SparseEntry last;
    std::memcpy(&last, packed.data() + packed.size() - sizeof last, sizeof last);
    dim = std::max(dim, std::int64_t{last.index} + 1);
  }
  sparse.set_dim(dim);
  out.set_dim(dim);
}

/// Types that the engine keeps as another one, as clients read them.
void adapt(DataType type, ScalarField& out) {
  if (type == DataType::Geometry) {
    wire_schema::StringArray texts = std::move(*out.mutable_string_data());
    *out.mutable_geometry_wkt_data()->mutable_data() = std::move(*texts.mutable_data());
  } else if (type == DataType::Timestamptz) {
    const wire_schema::LongArray moments = std::move(*out.mutable_long_data());
    auto& texts = *out.mutable_string_data();
    for (const std::int64_t moment : moments.data()) texts.add_data(timestamp_text(moment));
  }
}

void write_vectors(const Column& column, RowList rows, wire_schema::VectorField& out) {
  const std::size_t width = column.vector.bytes();
  out.set_dim(column.vector.dim);
  std::string bytes;
  bytes.reserve(rows.size() * width);
  for (const std::size_t row : rows) {
    if (column.is_null(row)) continue;
    bytes.append(reinterpret_cast<const char*>(column.fixed.data()) + row * width, width);
  }
  switch (column.vector.element) {
    case ElementType::kFloat32: out.mutable_float_vector()->set_data(std::move(bytes)); break;
    case ElementType::kFloat16: out.set_float16_vector(std::move(bytes)); break;
    case ElementType::kBFloat16: out.set_bfloat16_vector(std::move(bytes)); break;
    case ElementType::kInt8: out.set_int8_vector(std::move(bytes)); break;
    default: out.set_binary_vector(std::move(bytes)); break;
  }
}

}  // namespace

std::vector<std::size_t> every_row(std::size_t count) {
  std::vector<std::size_t> rows(count);
  for (std::size_t i = 0; i < count; ++i) rows[i] = i;
  return rows;
}

void write_column(const Column& column, const FieldMeta* meta, RowList rows,
                  std::span<const std::string> keys, FieldData& message) {
  Field field;
  field.type = column.type;
  field.vector = column.vector;
  message.set_type(wire_type(field, meta));
  message.set_field_name(column.field);
  if (meta != nullptr) message.set_field_id(meta->id);
  if (column.field == kDynamicField) message.set_is_dynamic(true);
  if (column.type == FieldType::kVector) {
    write_vectors(column, rows, *message.mutable_vectors());
  } else if (column.type == FieldType::kSparse) {
    write_sparse(column, rows, *message.mutable_vectors());
  } else {
    write_scalars(column, rows, keys, *message.mutable_scalars());
    if (meta != nullptr) adapt(static_cast<DataType>(meta->data_type), *message.mutable_scalars());
  }
  if (column.valid.empty() || column.field == kDynamicField) return;
  for (const std::size_t row : rows) message.add_valid_data(!column.is_null(row));
}

namespace {

using ClockPart = std::int64_t ClockTime::*;
constexpr std::array<std::pair<std::string_view, ClockPart>, 7> kTimeParts = {
    {{"year", &ClockTime::year},
     {"month", &ClockTime::month},
     {"day", &ClockTime::day},
     {"hour", &ClockTime::hour},
     {"minute", &ClockTime::minute},
     {"second", &ClockTime::second},
     {"microsecond", &ClockTime::microsecond}}};

}  // namespace

bool is_time_part(std::string_view name) {
  return std::ranges::any_of(kTimeParts, [name](const auto& part) { return part.first == name; });
}

void show_times(const TimeZone& zone, std::span<const std::string> parts, FieldData& message) {
  if (message.type() != DataType::Timestamptz || (zone.is_utc() && parts.empty())) return;
  if (parts.empty()) {
    for (std::string& text : *message.mutable_scalars()->mutable_string_data()->mutable_data()) {
      text = zone.text(parse_timestamp(text).value_or(0));
    }
    return;
  }
  const wire_schema::StringArray texts = message.scalars().string_data();
  message.set_type(DataType::Array);
  auto& lists = *message.mutable_scalars()->mutable_array_data();
  lists.set_element_type(DataType::Int64);
  for (const std::string& text : texts.data()) {
    const std::int64_t moment = parse_timestamp(text).value_or(0);
    const ClockTime at = clock_time(moment + zone.east_seconds(moment) * 1'000'000);
    auto& list = *lists.add_data()->mutable_long_data();
    for (const std::string& name : parts) {
      const auto part = std::ranges::find(kTimeParts, name, [](const auto& p) { return p.first; });
      list.add_data(at.*part->second);
    }
  }
}

void write_keys(const Column& column, RowList rows, wire_schema::IDs& message) {
  if (column.type == FieldType::kString) {
    auto& data = *message.mutable_str_id();
    for (const std::size_t row : rows) data.add_data(column.strings[row]);
    return;
  }
  add_values<std::int64_t>(column, rows, *message.mutable_int_id()->mutable_data());
}

}  // namespace simile::server
