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

/// Where a partition key decides about partitions they cannot be named, made, loaded or dropped:
/// `what` is refused then.
Answer<void> refuse_with_partition_key(const CollectionHandle& handle, std::string_view what);

/// Fails where a partition is named though there is a partition key.
Answer<void> check_named_partition(const CollectionHandle& handle, std::string_view name);

/// Fails where the collection has no such partition; empty is the default one.
Answer<void> check_partition(const CollectionHandle& handle, std::string_view name);

/// A fault of an engine's call with a filter: what is wrong with the expression is told in the
/// words of Milvus, with the expression; others, and all where it is empty, are as they were.
/// `plan` is "query" or "delete".
Fault filter_fault(const Error& error, std::string_view expression,
                   std::string_view plan = "query");

/// The result of such a call.
template <class T>
Answer<T> filtered(Result<T> result, std::string_view expression, std::string_view plan = "query") {
  if (result) return *std::move(result);
  return std::unexpected(filter_fault(result.error(), expression, plan));
}

}  // namespace simile::server
