#include "simile/vectorfile/json_cells.h"

#include <cmath>

namespace simile::vectorfile {

using simdjson::dom::element_type;

Cell to_cell(simdjson::dom::element value) {
  Cell cell;
  switch (value.type()) {
    case element_type::NULL_VALUE: break;
    case element_type::BOOL:
      cell.kind = Cell::Kind::kBool;
      cell.boolean = value.get_bool().value_unsafe();
      break;
    case element_type::INT64:
      cell.kind = Cell::Kind::kInteger;
      cell.integer = value.get_int64().value_unsafe();
      break;
    case element_type::UINT64:  // simdjson gives this only for what int64 does not hold
    case element_type::DOUBLE:
      cell.kind = Cell::Kind::kReal;
      cell.real = value.get_double().value_unsafe();
      break;
    case element_type::STRING:
      cell.kind = Cell::Kind::kString;
      cell.text = value.get_string().value_unsafe();
      break;
    case element_type::ARRAY:
    case element_type::OBJECT:
      cell.kind = Cell::Kind::kJson;
      cell.text = simdjson::minify(value);
      break;
  }
  return cell;
}

Result<std::vector<Cell>> parse_json_array(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  if (parser.parse(text.data(), text.size()).get(array) != simdjson::SUCCESS) {
    return fail(ErrorCode::kInvalidArgument, "not a JSON array");
  }
  std::vector<Cell> cells;
  for (const simdjson::dom::element value : array) cells.push_back(to_cell(value));
  return cells;
}

bool is_json(std::string_view text) {
  simdjson::dom::parser parser;
  return parser.parse(text.data(), text.size()).error() == simdjson::SUCCESS;
}

std::string quote_json(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      quoted += "\\u00";
      quoted += kHex[byte >> 4];
      quoted += kHex[byte & 15];
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

bool append_numbers(simdjson::dom::array array, std::vector<float>& to) {
  for (const simdjson::dom::element value : array) {
    double number = 0;
    if (value.get(number) != simdjson::SUCCESS) return false;
    const auto single = static_cast<float>(number);
    if (!std::isfinite(single)) return false;
    to.push_back(single);
  }
  return true;
}

}  // namespace simile::vectorfile
