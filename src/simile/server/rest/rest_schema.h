#pragma once
/// Schemas of collections as REST writes them.

#include "simile/server/rest/rest_call.h"

namespace simile::server {

/// True where the body of a creation names no fields: key and vector are made of its `dimension`.
bool is_quick(const Json& body);

/// The schema that the body of a creation asks for.
Answer<wire_schema::CollectionSchema> parse_rest_schema(const RestCall& call);

/// What `params` of a creation say beside the schema: consistency, shards, partitions, properties.
Answer<void> parse_rest_options(const Json& params, wire::CreateCollectionRequest& request);

Answer<void> parse_rest_field(const Json& body, wire_schema::FieldSchema& field);

Json rest_field_json(const wire_schema::FieldSchema& field);
Json rest_pairs_json(const google::protobuf::RepeatedPtrField<wire_common::KeyValuePair>& pairs);

}  // namespace simile::server
