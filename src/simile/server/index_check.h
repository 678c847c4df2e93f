#pragma once
/// What an index may be asked for, in the words that Milvus has for what it may not.

#include <string>
#include <string_view>

#include "simile/server/catalog.h"
#include "simile/server/fault.h"
#include "simile/server/schema_message.h"

namespace simile::server {

/// The type of an index, by the field it is for, and what an index on a JSON path needs beside it.
Answer<void> check_index(const Field& field, const Parameters& params);

/// RTREE and geometries belong together; `meta` may be null.
Answer<void> check_geometry_index(const Field& field, const FieldMeta* meta,
                                  const Parameters& params);

/// The metric that an index of a vector field asks for; without one, that which Milvus takes.
Answer<Metric> index_metric(const Field& field, const Parameters& params);

/// What is there already: the same index (true), which is no error, or another one, which is. A
/// JSON field has one index for each path into it.
Answer<bool> index_is_there(const CollectionMeta& collection, const IndexMeta& asked);

/// The name of the index that is where this one would be, or its own.
std::string name_in_place(const CollectionMeta& collection, const IndexMeta& asked);

/// What a request says of an index, the members of the JSON object `params` beside the others, and
/// that text as `params`.
Answer<Parameters> index_parameters(const KeyValues& pairs);

/// The name of an index that was given none: that of the field, and the way into it where the index
/// is on a path of JSON. `asked` may be a key of the dynamic field.
std::string default_index_name(const Field& field, const std::string& asked,
                               const Parameters& params);

/// What describes an index as it was asked for: without the members of `params`, unless they have
/// been altered since.
Parameters asked_parameters(const IndexMeta& index);

/// The value of a parameter; empty where it is not given.
std::string index_parameter(const Parameters& params, std::string_view key);

}  // namespace simile::server
