#pragma once
/// Functions of a schema and of a search as JSON.

#include "simile/server/rest/rest_call.h"

namespace simile::server {

/// {"name", "description", "type", "inputFieldNames", "outputFieldNames", "params"}.
Answer<void> parse_rest_function(const Json& body, wire_schema::FunctionSchema& function);

/// The rankers of a search: {"functions": [...], "params": {...}}, or nothing.
Answer<void> parse_rest_rankers(const Json& body, wire_schema::FunctionScore& rankers);

/// Those of a schema, as they are described.
Json functions_json(const wire_schema::CollectionSchema& schema);

}  // namespace simile::server
