/// 1. Names: every column is a field of the schema, once; every field that must be there is.
/// 2. Shape of each column: type, lengths, nulls, offsets. What follows may index without a check.
/// 3. Values of each column: bools, finite numbers, text, JSON, vectors.
/// 4. The primary key: no value twice.

#include "simile/scalar/validate_batch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/scalar/json.h"
#include "simile/scalar/sparse_value.h"

namespace simile::scalar {

namespace {

template <class... Pieces>
std::unexpected<Error> refuse(const Field& field, const Pieces&... why) {
  return fail(ErrorCode::kInvalidArgument, join_text("field '", field.name, "': ", why...));
}

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

std::string known_fields(const Schema& schema) {
  std::string names;
  for (const Field& field : schema.fields()) names += (names.empty() ? "" : ", ") + field.name;
  return names;
}

std::string type_text(FieldType type, FieldType element_type, const VectorType& vector) {
  if (type == FieldType::kVector) return join_text(name_of(vector.element), "[", vector.dim, "]");
  if (type == FieldType::kArray) return join_text("array<", name_of(element_type), ">");
  return std::string(name_of(type));
}

bool is_text_type(FieldType type) {
  return type == FieldType::kString || type == FieldType::kJson || type == FieldType::kSparse;
}

class ColumnValidator {
 public:
  ColumnValidator(const Field& field, const ColumnView& column, std::size_t rows)
      : field_(field), column_(column), rows_(rows) {}

  Status check() const {
    SIMILE_TRY(check_type());
    SIMILE_TRY(check_nulls());
    if (field_.type == FieldType::kArray) SIMILE_TRY(check_offsets());
    const FieldType value_type =
        field_.type == FieldType::kArray ? field_.element_type : field_.type;
    const std::size_t values =
        field_.type == FieldType::kArray ? static_cast<std::size_t>(column_.offsets.back()) : rows_;
    SIMILE_TRY(check_lengths(value_type, values));
    return check_values(value_type, values);
  }

 private:
  bool is_array() const { return field_.type == FieldType::kArray; }
  bool is_null(std::size_t row) const { return !column_.valid.empty() && column_.valid[row] == 0; }

  /// The row that value `i` belongs to.
  std::size_t row_of(std::size_t i) const {
    if (!is_array()) return i;
    const auto after = std::ranges::upper_bound(column_.offsets, i);
    return static_cast<std::size_t>(after - column_.offsets.begin()) - 1;
  }

  Status check_type() const {
    const bool same = column_.type == field_.type &&
                      (!is_array() || column_.element_type == field_.element_type) &&
                      (field_.type != FieldType::kVector || column_.vector == field_.vector);
    if (same) return {};
    return refuse(field_, "is ", type_text(field_.type, field_.element_type, field_.vector),
                  ", but the batch has ",
                  type_text(column_.type, column_.element_type, column_.vector));
  }

  Status check_nulls() const {
    if (column_.valid.empty()) return {};
    if (column_.valid.size() != rows_) {
      return refuse(field_, column_.valid.size(), " null flags for ", rows_, " rows");
    }
    if (field_.nullable || field_.has_default()) return {};
    const auto null = std::ranges::find(column_.valid, 0);
    if (null == column_.valid.end()) return {};
    return refuse(field_, "row ", null - column_.valid.begin(),
                  " is null, but the field is not nullable");
  }

  Status check_offsets() const {
    const std::span<const std::uint64_t> offsets = column_.offsets;
    if (offsets.size() != rows_ + 1) {
      return refuse(field_, offsets.size(), " array offsets for ", rows_, " rows instead of ",
                    rows_ + 1);
    }
    if (offsets.front() != 0) return refuse(field_, "array offsets start at ", offsets.front());
    const auto fall = std::ranges::is_sorted_until(offsets);
    if (fall != offsets.end()) {
      return refuse(field_, "array offsets fall at row ", fall - offsets.begin() - 1);
    }
    for (std::size_t row = 0; field_.max_capacity != 0 && row < rows_; ++row) {
      const std::uint64_t elements = offsets[row + 1] - offsets[row];
      if (elements <= field_.max_capacity || is_null(row)) continue;
      return refuse(field_, "row ", row, " has ", elements, " elements, more than max_capacity ",
                    field_.max_capacity);
    }
    return {};
  }

  Status check_lengths(FieldType type, std::size_t values) const {
    const char* what = is_array() ? " elements" : " rows";
    if (is_text_type(type)) {
      if (column_.strings.size() == values) return {};
      return refuse(field_, column_.strings.size(), " texts for ", values, what);
    }
    const std::size_t width = type == FieldType::kVector ? field_.vector.bytes() : width_of(type);
    if (column_.fixed.size() % width == 0 && column_.fixed.size() / width == values) return {};
    return refuse(field_, column_.fixed.size(), " bytes for ", values, what, " of ", width,
                  " bytes");
  }

  Status check_values(FieldType type, std::size_t values) const {
    switch (type) {
      case FieldType::kBool: return check_bools();
      case FieldType::kFloat: return check_finite<std::uint32_t, 0x7F80'0000u>(values);
      case FieldType::kDouble: return check_finite<std::uint64_t, 0x7FF0'0000'0000'0000u>(values);
      case FieldType::kString:
      case FieldType::kJson: return check_texts(type == FieldType::kJson);
      case FieldType::kVector: return check_present_vectors();
      case FieldType::kSparse: return check_sparse();
      default: return {};
    }
  }

  /// Runs of rows that are not null.
  Status check_present_vectors() const {
    const MatrixView vectors(column_.fixed.data(), rows_, field_.vector);
    for (std::size_t first = 0; first < rows_;) {
      std::size_t end = column_.valid.empty() ? rows_ : first;
      while (end < rows_ && column_.valid[end] != 0) ++end;
      const Status checked = check_vectors(vectors.slice(first, end - first), first);
      if (!checked) return refuse(field_, checked.error().message);
      first = end + 1;
    }
    return {};
  }

  Status check_sparse() const {
    for (std::size_t row = 0; row < rows_; ++row) {
      if (is_null(row)) continue;
      if (column_.strings[row].size() > kMaxTextBytes) {
        return refuse(field_, "row ", row, " has more than ", kMaxTextBytes, " bytes");
      }
      const char* fault = find_sparse_fault(column_.strings[row]);
      if (fault != nullptr) return refuse(field_, "row ", row, " ", fault);
    }
    return {};
  }

  Status check_bools() const {
    const auto is_odd = [](std::byte value) { return value > std::byte{1}; };
    for (auto odd = std::ranges::find_if(column_.fixed, is_odd); odd != column_.fixed.end();
         odd = std::find_if(odd + 1, column_.fixed.end(), is_odd)) {
      const std::size_t row = row_of(static_cast<std::size_t>(odd - column_.fixed.begin()));
      if (!is_null(row)) return refuse(field_, "row ", row, " holds a bool that is not 0 or 1");
    }
    return {};
  }

  /// A number is finite where not all bits of its exponent are set.
  template <class Word, Word kExponent>
  Status check_finite(std::size_t values) const {
    bool any = false;
    for (std::size_t i = 0; i < values; ++i) {
      any |= (load<Word>(column_.fixed.data() + i * sizeof(Word)) & kExponent) == kExponent;
    }
    for (std::size_t i = 0; any && i < values; ++i) {
      const Word bits = load<Word>(column_.fixed.data() + i * sizeof(Word));
      if ((bits & kExponent) != kExponent || is_null(row_of(i))) continue;
      return refuse(field_, "row ", row_of(i), " holds NaN or Inf",
                    field_.nullable ? "; store null instead" : "; numbers must be finite");
    }
    return {};
  }

  Status check_texts(bool json) const {
    JsonChecker checker;
    const std::size_t length_max = field_.max_length == 0
                                       ? kMaxTextBytes
                                       : std::min<std::size_t>(field_.max_length, kMaxTextBytes);
    for (std::size_t i = 0; i < column_.strings.size(); ++i) {
      const std::string_view text = column_.strings[i];
      const bool skip = !is_array() && is_null(i);
      if (skip) continue;
      if (text.size() > length_max) {
        return refuse(field_, "row ", row_of(i), " has ", text.size(), " bytes, more than ",
                      length_max);
      }
      if (!is_text(text)) return refuse(field_, "row ", row_of(i), " is not UTF-8");
      if (!json) continue;
      if (const char* fault = checker.find_fault(text); fault != nullptr) {
        return refuse(field_, "row ", i, " is not JSON: ", fault);
      }
      if (field_.dynamic && text[text.find_first_not_of(" \t\r\n")] != '{') {
        return refuse(field_, "row ", i, " is no JSON object");
      }
    }
    return {};
  }

  const Field& field_;
  const ColumnView& column_;
  std::size_t rows_;
};

/// The first pair of equal keys: open addressing over row numbers, at most half full.
template <class Key, class Hash>
Status check_unique(const Field& field, const std::vector<Key>& keys, Hash&& hash) {
  bool rising = true;
  for (std::size_t i = 1; i < keys.size(); ++i) rising &= keys[i - 1] < keys[i];
  if (rising) return {};  // as numbered rows are
  constexpr std::uint32_t kFree = 0xFFFF'FFFF;
  const std::size_t size = std::bit_ceil(keys.size() * 2);
  // The high bits of a product with the golden ratio depend on every bit of the key's hash.
  const int shift = 64 - std::countr_zero(size);
  std::vector<std::uint32_t> slots(size, kFree);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::size_t at = (hash(keys[i]) * 0x9E37'79B9'7F4A'7C15u) >> shift;
    for (; slots[at] != kFree; at = (at + 1) & (size - 1)) {
      if (keys[slots[at]] != keys[i]) continue;
      return refuse(field, "duplicate primary keys are not allowed in the same batch: ", keys[i],
                    " is in rows ", slots[at], " and ", i);
    }
    slots[at] = static_cast<std::uint32_t>(i);
  }
  return {};
}

Status check_keys(const Field& field, const ColumnView& column, std::size_t rows) {
  if (field.type == FieldType::kString) {
    return check_unique(field,
                        std::vector<std::string_view>(column.strings.begin(), column.strings.end()),
                        std::hash<std::string_view>());
  }
  std::vector<std::int64_t> keys(rows);
  if (rows > 0) std::memcpy(keys.data(), column.fixed.data(), rows * sizeof(std::int64_t));
  return check_unique(field, keys,
                      [](std::int64_t key) { return static_cast<std::uint64_t>(key); });
}

Status check_names(const Schema& schema, const Batch& batch, bool is_update) {
  for (std::size_t i = 0; i < batch.columns.size(); ++i) {
    const std::string_view name = batch.columns[i].field;
    const Field* field = schema.find(name);
    if (field == nullptr) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text("unknown field '", name, "'; known fields: ", known_fields(schema)));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (batch.columns[j].field == name) return refuse(*field, "is in the batch twice");
    }
    if (field->auto_id && !is_update) {
      return refuse(*field, "its values are given out by the collection; leave it out");
    }
  }
  for (const Field& field : schema.fields()) {
    const bool may_be_missing =
        is_update ? !field.primary_key
                  : field.nullable || field.auto_id || field.has_default() || !field.source.empty();
    if (may_be_missing) continue;
    if (std::ranges::find(batch.columns, field.name, &ColumnView::field) == batch.columns.end()) {
      return refuse(field,
                    "is missing; a batch has every field that is not nullable and has no default");
    }
  }
  return {};
}

Status validate(const Schema& schema, const Batch& batch, bool is_update) {
  SIMILE_TRY(check_names(schema, batch, is_update));
  if (batch.rows > kMaxBatchRows) {
    return fail(
        ErrorCode::kInvalidArgument,
        join_text("a batch of ", batch.rows, " rows; write at most ", kMaxBatchRows, " at a time"));
  }
  for (const ColumnView& column : batch.columns) {
    const Field& field = *schema.find(column.field);
    SIMILE_TRY(ColumnValidator(field, column, batch.rows).check());
    if (field.primary_key) SIMILE_TRY(check_keys(field, column, batch.rows));
  }
  return {};
}

}  // namespace

Status validate_batch(const Schema& schema, const Batch& batch) {
  return validate(schema, batch, false);
}

Status validate_update(const Schema& schema, const Batch& batch) {
  return validate(schema, batch, true);
}

}  // namespace simile::scalar
