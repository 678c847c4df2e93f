#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "simile/base/text.h"
#include "simile/base/timestamp.h"
#include "simile/scalar/geometry.h"
#include "simile/server/column_message.h"
#include "simile/server/schema_message.h"

namespace simile::server {

namespace {

using wire_schema::DataType;
using wire_schema::FieldData;
using wire_schema::ScalarField;

template <class T>
std::span<const std::byte> bytes_of(const T* data, std::size_t count) {
  return std::as_bytes(std::span(data, count));
}

/// Reads one column. Values that are null are absent from vectors always and from scalars where
/// `compact`; the engine wants a place for every row.
class ColumnReader {
 public:
  ColumnReader(const FieldData& message, const Field& field, const FieldMeta* meta,
               std::size_t rows, BorrowedBatch& out)
      : message_(message), field_(field), meta_(meta), rows_(rows), out_(out) {}

  Answer<void> read() {
    view_.field = field_.name;
    view_.type = field_.type;
    view_.element_type = field_.element_type;
    view_.vector = field_.vector;
    SIMILE_TRY(read_validity());
    switch (field_.type) {
      case FieldType::kVector: SIMILE_TRY(read_vector()); break;
      case FieldType::kSparse: SIMILE_TRY(read_sparse()); break;
      case FieldType::kArray: SIMILE_TRY(read_array()); break;
      default: SIMILE_TRY(read_scalar(message_.scalars(), field_.type)); break;
    }
    out_.batch.columns.push_back(view_);
    return {};
  }

 private:
  Answer<void> read_validity() {
    const auto& valid = message_.valid_data();
    present_ = rows_;
    if (valid.empty()) return {};
    if (static_cast<std::size_t>(valid.size()) != rows_) {
      return refuse_parameter(join_text("the length of valid_data of field(", field_.name, ") is ",
                                        valid.size(), ", the number of rows ", rows_));
    }
    present_ = static_cast<std::size_t>(std::ranges::count(valid, true));
    if (present_ == rows_) return {};
    auto& bytes = out_.valid.emplace_back(rows_);
    for (std::size_t i = 0; i < rows_; ++i) bytes[i] = valid[static_cast<int>(i)] ? 1 : 0;
    view_.valid = bytes;
    return {};
  }

  std::unexpected<Fault> wrong_type() const {
    return refuse_parameter(
        join_text("the data of field ", field_.name, " does not match its type ",
                  wire_schema::DataType_Name(wire_type(field_, meta_)), "; the message says ",
                  wire_schema::DataType_IsValid(message_.type()) ? DataType_Name(message_.type())
                                                                 : "an unknown type"));
  }

  Answer<void> check_count(std::size_t count) {
    if (count == rows_ || (count == present_ && !view_.valid.empty())) return {};
    return refuse_parameter(join_text("the num_rows (", count, ") of field (", field_.name,
                                      ") is not equal to passed num_rows (", rows_, ")"));
  }

  /// Puts `width` bytes a value in place, with zeros where a row is null and has no value.
  std::span<const std::byte> spread(std::span<const std::byte> values, std::size_t width) {
    if (values.size() == rows_ * width) return values;
    auto& bytes = out_.bytes.emplace_back(rows_ * width);
    const std::byte* from = values.data();
    for (std::size_t i = 0; i < rows_; ++i) {
      if (view_.valid[i] == 0) continue;
      std::copy_n(from, width, bytes.data() + i * width);
      from += width;
    }
    return bytes;
  }

  Answer<void> read_vector() {
    if (!message_.has_vectors()) return wrong_type();
    const auto& vectors = message_.vectors();
    if (vectors.dim() != field_.vector.dim) {
      return refuse_parameter(join_text("the dim (", vectors.dim(), ") of field data(", field_.name,
                                        ") is not equal to schema dim (", field_.vector.dim, ")"));
    }
    SIMILE_ASSIGN(const auto values, vector_bytes(vectors));
    const std::size_t width = field_.vector.bytes();
    if (values.size() % width != 0) {
      return refuse_parameter(join_text("the length(", values.size(),
                                        " bytes) of float data should divide the dim(",
                                        field_.vector.dim, ") of field ", field_.name));
    }
    const std::size_t bits = values.size() * 8 / std::max<std::size_t>(rows_, 1);
    if (field_.vector.element == ElementType::kBit && values.size() * 8 == bits * rows_ &&
        bits != field_.vector.dim && present_ == rows_) {
      return refuse_parameter(join_text("the dim (", bits, ") of field data(", field_.name,
                                        ") is not equal to schema dim (", field_.vector.dim, ")"));
    }
    SIMILE_TRY(check_count(values.size() / width));
    view_.fixed = spread(values, width);
    return {};
  }

  Answer<void> read_sparse() {
    if (message_.field_case() == FieldData::FIELD_NOT_SET && present_ == 0) return read_nothing();
    if (!message_.vectors().has_sparse_float_vector()) {
      if (present_ == 0) return read_nothing();
      return wrong_type();
    }
    const auto& rows = message_.vectors().sparse_float_vector().contents();
    for (int row = 0; row < rows.size(); ++row) {
      SIMILE_TRY(check_sparse_row(rows[row], join_text("row ", row, " of field ", field_.name)));
    }
    return read_strings(rows);
  }

  Answer<std::span<const std::byte>> vector_bytes(const wire_schema::VectorField& vectors) {
    const auto text = [](const std::string& data) { return bytes_of(data.data(), data.size()); };
    switch (field_.vector.element) {
      case ElementType::kFloat32:
        if (!vectors.has_float_vector()) break;
        return text(vectors.float_vector().data());
      case ElementType::kFloat16:
        if (!vectors.has_float16_vector()) break;
        return text(vectors.float16_vector());
      case ElementType::kBFloat16:
        if (!vectors.has_bfloat16_vector()) break;
        return text(vectors.bfloat16_vector());
      case ElementType::kInt8:
        if (!vectors.has_int8_vector()) break;
        return text(vectors.int8_vector());
      case ElementType::kBit:
        if (!vectors.has_binary_vector()) break;
        return text(vectors.binary_vector());
      default: break;
    }
    return wrong_type();
  }

  template <class Repeated>
  Answer<void> read_fixed(const Repeated& data) {
    const auto count = static_cast<std::size_t>(data.size());
    SIMILE_TRY(check_count(count));
    using Value = std::remove_cvref_t<decltype(data[0])>;
    view_.fixed = spread(bytes_of(data.data(), count), sizeof(Value));
    return {};
  }

  /// int8 and int16 travel as int32.
  template <class Small>
  Answer<void> read_narrow(const google::protobuf::RepeatedField<std::int32_t>& data) {
    const auto count = static_cast<std::size_t>(data.size());
    SIMILE_TRY(check_count(count));
    std::vector<Small> small(count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::int32_t value = data[static_cast<int>(i)];
      if (value < std::numeric_limits<Small>::min() || value > std::numeric_limits<Small>::max()) {
        return refuse_parameter(join_text("the ", i, "th element (", value, ") out of range: [",
                                          int{std::numeric_limits<Small>::min()}, ", ",
                                          int{std::numeric_limits<Small>::max()}, "] of field ",
                                          field_.name));
      }
      small[i] = static_cast<Small>(value);
    }
    const auto bytes = bytes_of(small.data(), count);
    auto& kept = out_.bytes.emplace_back(bytes.begin(), bytes.end());
    view_.fixed = spread(kept, sizeof(Small));
    return {};
  }

  template <class Strings>
  Answer<void> read_strings(const Strings& data) {
    const auto count = static_cast<std::size_t>(data.size());
    SIMILE_TRY(check_count(count));
    auto& views = out_.views.emplace_back(rows_);
    int next = 0;
    for (std::size_t i = 0; i < rows_; ++i) {
      if (count != rows_ && view_.valid[i] == 0) continue;
      views[i] = data[next++];
    }
    view_.strings = views;
    return {};
  }

  Answer<void> read_scalar(const ScalarField& data, FieldType type) {
    // Clients leave the data out of a column that is null in every row.
    if (message_.field_case() == FieldData::FIELD_NOT_SET && present_ == 0) return read_nothing();
    switch (type) {
      case FieldType::kBool:
        if (data.has_bool_data()) return read_fixed(data.bool_data().data());
        break;
      case FieldType::kInt8:
        if (data.has_int_data()) return read_narrow<std::int8_t>(data.int_data().data());
        break;
      case FieldType::kInt16:
        if (data.has_int_data()) return read_narrow<std::int16_t>(data.int_data().data());
        break;
      case FieldType::kInt32:
        if (data.has_int_data()) return read_fixed(data.int_data().data());
        break;
      case FieldType::kInt64:
        if (data.has_long_data()) return read_fixed(data.long_data().data());
        if (data.has_timestamptz_data()) return read_fixed(data.timestamptz_data().data());
        if (data.has_string_data()) return read_timestamps(data.string_data().data());
        break;
      case FieldType::kFloat:
        if (data.has_float_data()) return read_fixed(data.float_data().data());
        break;
      case FieldType::kDouble:
        if (data.has_double_data()) return read_fixed(data.double_data().data());
        break;
      case FieldType::kString:
        if (data.has_geometry_wkt_data()) return read_geometries(data.geometry_wkt_data().data());
        if (!data.has_string_data()) break;
        if (wire_type(field_, meta_) != DataType::Geometry) {
          return read_text(data.string_data().data());
        }
        return read_geometries(data.string_data().data());
        break;
      case FieldType::kJson:
        if (data.has_json_data()) return read_json(data.json_data().data());
        break;
      default: break;
    }
    if (present_ == 0) return read_nothing();
    return wrong_type();
  }

  /// Moments as texts, where the field is one of them.
  template <class Strings>
  Answer<void> read_timestamps(const Strings& data) {
    if (meta_ == nullptr || meta_->data_type != DataType::Timestamptz) return wrong_type();
    const auto count = static_cast<std::size_t>(data.size());
    SIMILE_TRY(check_count(count));
    SIMILE_ASSIGN(const TimeZone zone, TimeZone::find(out_.zone));
    std::vector<std::int64_t> moments(count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string& text = data[static_cast<int>(i)];
      const bool null = count == rows_ && !view_.valid.empty() && view_.valid[i] == 0;
      const auto moment = null ? Moment{} : parse_moment(text);
      if (!moment) {
        return refuse_parameter(join_text(
            "got invalid timestamptz string '", text, "': invalid timezone name; must be ",
            "a valid IANA Time Zone ID (e.g., 'Asia/Shanghai' or 'UTC'): invalid ", "parameter; '",
            text, "' in row ", i, " of field ", field_.name,
            " is no timestamp; write 2025-01-31T08:30:00Z"));
      }
      const bool local = !null && !moment->has_zone;
      moments[i] = local ? zone.moment(moment->microseconds) : moment->microseconds;
    }
    const auto bytes = bytes_of(moments.data(), count);
    auto& kept = out_.bytes.emplace_back(bytes.begin(), bytes.end());
    view_.fixed = spread(kept, sizeof(std::int64_t));
    return {};
  }

  Answer<void> read_nothing() {
    const std::size_t width = width_of(field_.type);
    if (width == 0) {
      view_.strings = out_.views.emplace_back(rows_);
    } else {
      view_.fixed = out_.bytes.emplace_back(rows_ * width);
    }
    return {};
  }

  std::size_t parameter(std::string_view key, std::size_t otherwise) const {
    if (meta_ == nullptr) return otherwise;
    const auto found = meta_->type_params.find(key);
    if (found == meta_->type_params.end()) return otherwise;
    std::size_t value = otherwise;
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
    return value;
  }

  template <class Strings>
  Answer<void> read_text(const Strings& data) {
    const std::size_t most = parameter("max_length", std::numeric_limits<std::size_t>::max());
    for (int i = 0; i < data.size(); ++i) {
      if (data[i].size() <= most) continue;
      return refuse_parameter(join_text("length of varchar field ", field_.name,
                                        " exceeds max length, row number: ", i,
                                        ", length: ", data[i].size(), ", max length: ", most));
    }
    return read_strings(data);
  }

  /// Where no functions look at them, they are texts.
  template <class Strings>
  Answer<void> read_geometries(const Strings& data) {
    SIMILE_TRY(read_strings(data));
    const auto tools = scalar::geometry_tools();
    for (std::size_t i = 0; tools && i < rows_; ++i) {
      if (!view_.valid.empty() && view_.valid[i] == 0) continue;
      const Status read = (*tools)->check(out_.views.back()[i]);
      if (read) continue;
      return refuse_parameter(
          join_text("row ", i, " of geometry field ", field_.name, ": ", read.error().message));
    }
    return {};
  }

  template <class Strings>
  Answer<void> read_json(const Strings& data) {
    if (field_.name == kDynamicField) {
      for (int i = 0; i < data.size(); ++i) {
        const auto first = data[i].find_first_not_of(" \t\r\n");
        if (first != std::string::npos && data[i][first] == '{') continue;
        return refuse_parameter(join_text("dynamic fields of row ", i, " are no JSON object"));
      }
    }
    SIMILE_TRY(read_strings(data));
    take_nothing_for_null();
    return {};
  }

  /// Clients in JavaScript send no bytes for a value of JSON that is null.
  void take_nothing_for_null() {
    auto& views = out_.views.back();
    for (std::size_t i = 0; i < rows_; ++i) {
      if (!views[i].empty() || (!view_.valid.empty() && view_.valid[i] == 0)) continue;
      views[i] = "null";
      if (!field_.nullable) continue;
      if (view_.valid.empty()) view_.valid = out_.valid.emplace_back(rows_, 1);
      out_.valid.back()[i] = 0;
    }
  }

  Answer<void> read_array() {
    if (!message_.scalars().has_array_data() && present_ != 0) return wrong_type();
    const auto& rows = message_.scalars().array_data().data();
    const auto count = static_cast<std::size_t>(rows.size());
    SIMILE_TRY(check_count(count));
    const std::size_t most = parameter("max_capacity", std::numeric_limits<std::size_t>::max());
    auto& offsets = out_.offsets.emplace_back(1, 0);
    elements_ = {};
    int next = 0;
    for (std::size_t i = 0; i < rows_; ++i) {
      const bool null = !view_.valid.empty() && view_.valid[i] == 0;
      if (!null || count == rows_) {
        const ScalarField& row = rows[next++];
        if (!null) SIMILE_TRY(append_elements(row));
      }
      const std::size_t length = element_count() - offsets.back();
      if (length > most) {
        return refuse_parameter(join_text("the length (", length, ") of ", i,
                                          "th array exceeds max capacity (", most, ") of field ",
                                          field_.name));
      }
      offsets.push_back(element_count());
    }
    view_.offsets = offsets;
    view_.fixed = out_.bytes.emplace_back(std::move(elements_.bytes));
    view_.strings = out_.views.emplace_back(std::move(elements_.strings));
    return {};
  }

  std::size_t element_count() const {
    const std::size_t width = width_of(field_.element_type);
    return width == 0 ? elements_.strings.size() : elements_.bytes.size() / width;
  }

  template <class Value, class Repeated>
  void append_fixed(const Repeated& data) {
    for (const auto each : data) {
      const auto value = static_cast<Value>(each);
      const auto bytes = bytes_of(&value, 1);
      elements_.bytes.insert(elements_.bytes.end(), bytes.begin(), bytes.end());
    }
  }

  Answer<void> append_elements(const ScalarField& row) {
    if (row.data_case() == ScalarField::DATA_NOT_SET) return {};  // no elements
    switch (field_.element_type) {
      case FieldType::kBool:
        if (!row.has_bool_data()) break;
        append_fixed<bool>(row.bool_data().data());
        return {};
      case FieldType::kInt8:
        if (!row.has_int_data()) break;
        append_fixed<std::int8_t>(row.int_data().data());
        return {};
      case FieldType::kInt16:
        if (!row.has_int_data()) break;
        append_fixed<std::int16_t>(row.int_data().data());
        return {};
      case FieldType::kInt32:
        if (!row.has_int_data()) break;
        append_fixed<std::int32_t>(row.int_data().data());
        return {};
      case FieldType::kInt64:
        if (!row.has_long_data()) break;
        append_fixed<std::int64_t>(row.long_data().data());
        return {};
      case FieldType::kFloat:
        if (!row.has_float_data()) break;
        append_fixed<float>(row.float_data().data());
        return {};
      case FieldType::kDouble:
        if (!row.has_double_data()) break;
        append_fixed<double>(row.double_data().data());
        return {};
      case FieldType::kString:
        if (!row.has_string_data()) break;
        for (const std::string& each : row.string_data().data()) elements_.strings.push_back(each);
        return {};
      default: break;
    }
    return wrong_type();
  }

  const FieldData& message_;
  const Field& field_;
  const FieldMeta* meta_;
  const std::size_t rows_;
  BorrowedBatch& out_;
  ColumnView view_;
  std::size_t present_ = 0;
  struct {
    std::vector<std::byte> bytes;
    std::vector<std::string_view> strings;
  } elements_;
};

}  // namespace

Answer<void> check_sparse_row(std::string_view packed, std::string_view what) {
  if (packed.size() % sizeof(SparseEntry) != 0) {
    return refuse_parameter(
        join_text("invalid data length in sparse float vector: ", packed.size(), ", ", what));
  }
  std::uint32_t before = 0;
  for (std::size_t at = 0; at < packed.size(); at += sizeof(SparseEntry)) {
    SparseEntry entry;
    std::memcpy(&entry, packed.data() + at, sizeof entry);
    if (at != 0 && entry.index <= before) {
      return refuse_parameter(join_text("unsorted or same indices in sparse float vector: ", what));
    }
    if (entry.index == std::numeric_limits<std::uint32_t>::max()) {
      return refuse_parameter(
          join_text("invalid index in sparse float vector: must be less than "
                    "2^32-1, ",
                    what));
    }
    if (!std::isfinite(entry.value)) {
      return refuse_parameter(join_text("value in sparse float vector is NaN or infinite: ", what));
    }
    before = entry.index;
  }
  return {};
}

Answer<void> read_columns(const FieldMessages& messages, std::uint32_t rows,
                          const CollectionHandle& handle, BorrowedBatch& batch) {
  if (rows == 0) return refuse_parameter("num_rows is 0: there is nothing to write");
  batch.batch.rows = rows;
  batch.zone = handle.meta->property(kTimeZoneProperty);
  const Schema& schema = handle.schema();
  for (const FieldData& message : messages) {
    const std::string_view name =
        message.is_dynamic() ? kDynamicField : std::string_view(message.field_name());
    const Field* field = schema.find(name);
    if (field == nullptr) {
      return refuse(FaultCode::kFieldNotFound,
                    join_text("field not found[field=", name, "]: collection '", handle.name(),
                              "' has no such field",
                              name == kDynamicField ? ", its dynamic field is not enabled" : ""));
    }
    const auto same = [&](const ColumnView& column) { return column.field == name; };
    if (std::ranges::any_of(batch.batch.columns, same)) {
      return refuse_parameter(join_text("field ", name, " is given twice"));
    }
    if (!field->source.empty()) {
      return refuse_parameter(
          join_text("field ", name, " is the output of a function: leave it ", "out"));
    }
    ColumnReader reader(message, *field, handle.meta->find_field(name), rows, batch);
    SIMILE_TRY(reader.read());
  }
  return {};
}

}  // namespace simile::server
