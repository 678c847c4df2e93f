#include "simile/server/rest/parse_body.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "simile/base/text.h"
#include "simile/server/message_cost.h"

namespace simile::server {

namespace {

using Json = nlohmann::json;
using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

class Converter {
 public:
  explicit Converter(std::vector<std::string> vector_fields) : fields_(std::move(vector_fields)) {}

  Json body(const object& from) const {
    Json to = Json::object();
    for (const auto& [key, value] : from) {
      if (value.is_null()) continue;
      Json& member = to[std::string(key)];
      if (key == "data") {
        member = data(value);
      } else if (key == "search" && value.is_array()) {  // the parts of a hybrid search
        member = Json::array();
        for (const element part : array(value)) {
          member.push_back(part.is_object() ? body(object(part)) : plain(part, Nulls::kDrop));
        }
      } else {
        member = plain(value, Nulls::kDrop);
      }
    }
    return to;
  }

 private:
  /// Members that are null count as absent, but for those of rows.
  enum class Nulls { kDrop, kKeep };

  static Json plain(const element& from, Nulls nulls = Nulls::kKeep) {
    switch (from.type()) {
      case element_type::ARRAY: {
        Json list = Json::array();
        for (const element each : array(from)) list.push_back(plain(each, nulls));
        return list;
      }
      case element_type::OBJECT: {
        Json to = Json::object();
        for (const auto& [key, value] : object(from)) {
          if (nulls == Nulls::kDrop && value.is_null()) continue;
          to[std::string(key)] = plain(value, nulls);
        }
        return to;
      }
      case element_type::INT64: return std::int64_t(from);
      case element_type::UINT64: return std::uint64_t(from);
      case element_type::DOUBLE: return double(from);
      case element_type::STRING: return std::string(std::string_view(from));
      case element_type::BOOL: return bool(from);
      case element_type::NULL_VALUE: break;
    }
    return nullptr;
  }

  /// A vector, a list of vectors, or rows.
  Json data(const element& from) const {
    if (from.is_object()) return row(object(from));
    if (!from.is_array()) return plain(from);
    const array list(from);
    const auto is_number = [](const element& each) { return each.is_number(); };
    if (list.begin() != list.end() && std::all_of(list.begin(), list.end(), is_number)) {
      return packed(list);
    }
    Json to = Json::array();
    for (const element each : list) to.push_back(data(each));
    return to;
  }

  Json row(const object& from) const {
    Json to = Json::object();
    for (const auto& [key, value] : from) {
      const bool vector = std::ranges::find(fields_, key) != fields_.end();
      to[std::string(key)] = vector ? data(value) : plain(value);
    }
    return to;
  }

  static Json packed(const array& list) {
    std::vector<double> numbers;
    numbers.reserve(list.size());
    for (const element each : list) numbers.push_back(each.get_double().value_unsafe());
    std::vector<std::uint8_t> bytes(numbers.size() * sizeof(double));
    std::memcpy(bytes.data(), numbers.data(), bytes.size());
    return Json::binary(std::move(bytes));
  }

  const std::vector<std::string> fields_;
};

std::vector<std::string> vector_fields(const object& body, const Catalog& catalog) {
  std::string_view database;
  std::string_view collection;
  if (body["collectionName"].get(collection) != simdjson::SUCCESS) return {};
  if (body["dbName"].get(database) != simdjson::SUCCESS) database = {};
  const auto handle = catalog.find(database, collection);
  std::vector<std::string> names;
  if (!handle) return names;
  for (const Field& field : handle->schema().fields()) {
    if (field.type == FieldType::kVector) names.push_back(field.name);
  }
  return names;
}

}  // namespace

std::span<const double> packed_numbers(const Json& value) {
  const auto& bytes = value.get_binary();
  return {reinterpret_cast<const double*>(bytes.data()), bytes.size() / sizeof(double)};
}

Answer<void> check_json_size(std::string_view text, std::uint64_t bytes_max) {
  constexpr std::uint64_t kGrowthMax = 100;
  if (text.size() < bytes_max / kGrowthMax || json_cost(text) <= bytes_max) return {};
  return refuse_parameter(join_text("it would take more than ", bytes_max,
                                    " bytes of memory, the most of one call (call_bytes_max of "
                                    "the server); send less at a time"));
}

Answer<Json> parse_body(const std::string& body, const Catalog& catalog, std::uint64_t bytes_max) {
  if (body.empty()) return Json::object();
  SIMILE_TRY(check_json_size(body, bytes_max));
  simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse(body).get(root); error != simdjson::SUCCESS) {
    return refuse_parameter(join_text("the body is no JSON: ", simdjson::error_message(error)));
  }
  if (root.is_null()) return Json::object();
  object top;
  if (root.get(top) != simdjson::SUCCESS) return refuse_parameter("the body is no object");
  return Converter(vector_fields(top, catalog)).body(top);
}

}  // namespace simile::server
