#pragma once
/// Rows of JSON objects to columns of messages, and back.

#include <nlohmann/json.hpp>
#include <vector>

#include "simile/server/catalog.h"
#include "simile/server/column_message.h"
#include "simile/server/fault.h"

namespace simile::server {

/// Every member that names a field goes into its column, the rest into the dynamic field where
/// there is one. A field that no row names has no column. The fault names row and field.
Answer<void> columns_of_rows(const nlohmann::json& rows, const CollectionHandle& handle,
                             FieldMessages& columns);

/// Row `row` of the columns as members of `object`; dynamic fields become members too.
void add_members(const FieldMessages& columns, std::size_t row, nlohmann::json& object);

/// Primary keys; whole numbers may be texts.
Answer<wire_schema::IDs> parse_keys(const nlohmann::json& keys, const Field& field);

/// One query vector, a list of numbers or, of bits and small types, of bytes or those as base64, as
/// the raw bytes of a placeholder.
Answer<std::string> query_bytes(const nlohmann::json& vector, const Field& field);

}  // namespace simile::server
