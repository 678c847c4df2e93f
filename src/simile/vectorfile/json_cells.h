#pragma once
/// JSON values as cells.

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "simile/error.h"
#include "simile/vectorfile/cell.h"

namespace simile::vectorfile {

/// A number beyond int64 becomes a real one.
Cell to_cell(simdjson::dom::element value);

/// The elements of a JSON array given as text; kInvalidArgument where it is not an array.
Result<std::vector<Cell>> parse_json_array(std::string_view text);

bool is_json(std::string_view text);
/// The text as a JSON string.
std::string quote_json(std::string_view text);

/// Appends the numbers of an array to `to`; false where an element is none, or is too large for
/// float32.
bool append_numbers(simdjson::dom::array array, std::vector<float>& to);

}  // namespace simile::vectorfile
