#pragma once
/// Stored values as JSON and as text.

#include <cstddef>
#include <string>

#include "simile/batch.h"
#include "simile/cli/console.h"

namespace simile::cli {

/// A value as JSON: vectors and arrays as arrays, bit vectors as hexadecimal digits.
Json json_value(const Column& column, std::size_t row);

/// A row as an object, in the order of the columns.
Json json_row(const Table& table, std::size_t row);

/// A value for a table: long vectors are abbreviated, a null is empty.
std::string text_value(const Column& column, std::size_t row);

/// A float with as many digits as it takes to tell it from its neighbours: 0.1, not
/// 0.10000000149011612.
Json json_float(float value);

}  // namespace simile::cli
