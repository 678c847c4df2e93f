#pragma once
/// Stored rows as JSON for the page, and query vectors out of JSON.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "simile/batch.h"
#include "simile/collection.h"
#include "simile/schema.h"
#include "simile/server/fault.h"

namespace simile::server {

/// A float with as many digits as tell it from its neighbours.
nlohmann::json short_float(float value);

/// One value; vectors as lists, bit vectors as lists of 0 and 1, sparse ones as objects. Whole
/// numbers above 2^53 are texts, since browsers would round them.
nlohmann::json page_value(const Column& column, std::size_t row);

/// The row as an object of all its columns.
nlohmann::json page_row(const Table& table, std::size_t row);

/// Scalar fields that can be shown beside a hit: all but vectors and what only the page needs.
std::vector<std::string> shown_fields(const Schema& schema);

/// A query of the field out of a list of numbers; for bits a list of 0 and 1, or of bytes. The
/// fault says how many numbers there are and how many there must be.
Answer<std::vector<std::byte>> query_vector(const nlohmann::json& list, const Field& field);

/// What a query of the field is given as: float32 for every type of floats.
VectorType query_type(const Field& field);

/// One row by key, as a browser sends it back; the fault names the key where there is none.
Answer<Table> row_of(const Snapshot& snapshot, const std::string& key,
                     const std::vector<std::string>& fields);

}  // namespace simile::server
