#pragma once
/// Filters of messages: an expression, values for its {names}, partitions.

#include <milvus/milvus.pb.h>

#include <string>

#include "simile/filter.h"
#include "simile/server/catalog.h"
#include "simile/server/fault.h"

namespace simile::server {

using TemplateValues = google::protobuf::Map<std::string, ::milvus::proto::schema::TemplateValue>;
using Names = google::protobuf::RepeatedPtrField<std::string>;

Answer<FilterValues> parse_values(const TemplateValues& values);

/// The partitions that a read is about, empty: all of them. Fails for one that is not there or, of
/// a collection of which only some partitions are loaded, not loaded.
Answer<std::vector<std::string>> read_partitions(const CollectionHandle& handle,
                                                 const Names& names);

/// Fails where the collection has no such partition; empty is the default one.
Answer<void> check_partition(const CollectionHandle& handle, std::string_view name);

}  // namespace simile::server
