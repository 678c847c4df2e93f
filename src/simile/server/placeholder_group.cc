/// The wire form, by hand, since the generated parser would copy every vector:
///   PlaceholderGroup  { repeated PlaceholderValue placeholders = 1; }
///   PlaceholderValue  { string tag = 1; PlaceholderType type = 2; repeated bytes values = 3; }
/// All values have the length of one vector, so that they lie one stride apart.

#include "simile/server/placeholder_group.h"

#include <optional>
#include <vector>

#include "simile/base/text.h"
#include "simile/server/column_message.h"
#include "simile/server/wire_cursor.h"

namespace simile::server {

namespace {

using wire_type = ::milvus::proto::common::PlaceholderType;

constexpr auto kUnreadable = "the queries (placeholder_group) cannot be read";

struct Placeholder {
  int type = 0;
  std::vector<std::string_view> values;
};

Answer<Placeholder> read_placeholder(std::string_view bytes) {
  Placeholder placeholder;
  WireCursor cursor(bytes);
  while (cursor.next()) {
    if (cursor.number() == 2) placeholder.type = static_cast<int>(cursor.value());
    if (cursor.number() == 3) placeholder.values.push_back(cursor.bytes());
  }
  if (!cursor.at_end()) return refuse_parameter(kUnreadable);
  return placeholder;
}

/// True where a field of `element` can be searched with queries of this type: float fields take
/// float32 queries too.
bool fits(int type, ElementType element) {
  switch (element) {
    case ElementType::kFloat32: return type == wire_type::FloatVector;
    case ElementType::kFloat16:
      return type == wire_type::Float16Vector || type == wire_type::FloatVector;
    case ElementType::kBFloat16:
      return type == wire_type::BFloat16Vector || type == wire_type::FloatVector;
    case ElementType::kInt8: return type == wire_type::Int8Vector;
    case ElementType::kBit: return type == wire_type::BinaryVector;
    default: return false;
  }
}

Answer<Placeholder> read_group(std::string_view bytes) {
  WireCursor cursor(bytes);
  std::optional<Placeholder> placeholder;
  while (cursor.next()) {
    if (cursor.number() != 1) continue;
    SIMILE_ASSIGN(placeholder, read_placeholder(cursor.bytes()));
  }
  if (!cursor.at_end()) return refuse_parameter(kUnreadable);
  if (!placeholder || placeholder->values.empty()) {
    return refuse_parameter(
        "nq (number of search vectors) should be in range [1, 16384], but got 0");
  }
  return *std::move(placeholder);
}

std::string type_name(int type) {
  using ::milvus::proto::common::PlaceholderType_IsValid;
  using ::milvus::proto::common::PlaceholderType_Name;
  return PlaceholderType_IsValid(type) ? PlaceholderType_Name(type) : std::string("unknown");
}

std::unexpected<Fault> wrong_query_type(std::string_view field, std::string_view own, int given) {
  return refuse_parameter(join_text("vector type must be the same, field ", field, " - type ", own,
                                    ", search info type ", type_name(given)));
}

}  // namespace

Answer<MatrixView> read_queries(std::string_view bytes, const VectorType& type,
                                std::string_view field) {
  SIMILE_ASSIGN(const Placeholder placeholder, read_group(bytes));
  if (!fits(placeholder.type, type.element)) {
    return wrong_query_type(field, name_of(type.element), placeholder.type);
  }
  VectorType query_type = type;
  if (placeholder.type == wire_type::FloatVector) query_type.element = ElementType::kFloat32;
  const auto& values = placeholder.values;
  for (const std::string_view value : values) {
    if (value.size() == query_type.bytes()) continue;
    return refuse_parameter(join_text("vector dimension mismatch, expected vector size(byte) ",
                                      query_type.bytes(), ", actual ", value.size(), " of field ",
                                      field));
  }
  MatrixView queries(values[0].data(), values.size(), query_type);
  if (values.size() > 1) {
    queries.stride = static_cast<std::size_t>(values[1].data() - values[0].data());
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (queries.row(i) == reinterpret_cast<const std::byte*>(values[i].data())) continue;
    return refuse_parameter(kUnreadable);
  }
  return queries;
}

Answer<std::vector<std::string_view>> read_sparse_queries(std::string_view bytes,
                                                          std::string_view field) {
  SIMILE_ASSIGN(const Placeholder placeholder, read_group(bytes));
  if (placeholder.type != wire_type::SparseFloatVector) {
    return wrong_query_type(field, "SparseFloatVector", placeholder.type);
  }
  for (std::size_t i = 0; i < placeholder.values.size(); ++i) {
    SIMILE_TRY(check_sparse_row(placeholder.values[i], join_text("query ", i, " for ", field)));
  }
  return placeholder.values;
}

Answer<std::vector<std::string_view>> read_text_queries(std::string_view bytes,
                                                        std::string_view field) {
  SIMILE_ASSIGN(const Placeholder placeholder, read_group(bytes));
  if (placeholder.type != wire_type::VarChar) {
    return refuse_parameter(
        join_text("please provide varchar/text for BM25 Function based search: ", "field ", field,
                  " is searched by texts, got ", type_name(placeholder.type)));
  }
  for (const std::string_view text : placeholder.values) {
    if (!is_utf8(text)) return refuse_parameter("a query text is not UTF-8");
  }
  return placeholder.values;
}

}  // namespace simile::server
