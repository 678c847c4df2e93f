#pragma once
/// Functions of a schema as messages: BM25 makes a sparse field of an analyzed text.

#include <vector>

#include "simile/server/schema_message.h"

namespace simile::server {

/// enable_analyzer and analyzer_params of a text field.
Answer<void> parse_analyzer(const FieldMeta& meta, Field& field);

/// Sets the source of the function's output among `fields`; the name goes into `meta`.
Answer<void> parse_function(const wire_schema::FunctionSchema& message, std::vector<Field>& fields,
                            CollectionMeta& meta);

/// Those of the collection, whoever made them.
void describe_functions(const CollectionHandle& handle, wire_schema::CollectionSchema& message);

}  // namespace simile::server
