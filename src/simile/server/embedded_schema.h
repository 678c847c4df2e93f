#pragma once
/// Schemas in Simile's own texts: `simile.connect` sends and reads them, so that a field is the
/// same thing here and in the embedded library. A field's text is the parameter `simile_spec` of
/// its index_params, "float32[128] cosine" for example; defaults are those of the protocol.

#include "simile/server/schema_message.h"

namespace simile::server {

/// The fields, and what other clients read about them: an index on each vector field, loaded.
Answer<ParsedSchema> parse_embedded_schema(const wire_schema::CollectionSchema& message);
Answer<Field> parse_embedded_field(const wire_schema::FieldSchema& message);

/// Every field, that of dynamic members too.
void describe_embedded_schema(const CollectionHandle& handle,
                              wire_schema::CollectionSchema& message);

}  // namespace simile::server
