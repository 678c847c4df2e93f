#pragma once
/// Milvus' schemas to Simile's and back.

#include <vector>

#include <milvus/milvus.pb.h>
#include "simile/schema.h"
#include "simile/server/catalog.h"
#include "simile/server/fault.h"

namespace simile::server {

namespace wire_common = ::milvus::proto::common;
namespace wire_schema = ::milvus::proto::schema;

inline constexpr std::int64_t kVarCharBytesMax = 65'535;
inline constexpr std::int64_t kArrayCapacityMax = 4'096;

struct ParsedSchema {
  std::vector<Field> fields;  ///< for Schema::make
  CollectionMeta meta;        ///< fields, description, functions
};

/// Checks everything that Milvus checks; the fault names the field.
Answer<ParsedSchema> parse_schema(const wire_schema::CollectionSchema& message);
/// The field that holds what has no field of its own.
Field dynamic_field();
/// One field, as AddCollectionField brings it; faults name the `collection`.
Answer<Field> parse_field_schema(const wire_schema::FieldSchema& message, FieldMeta& meta,
                                 std::string_view collection);

/// A field with the max_length and max_capacity of `asked`, where it has such.
Answer<Field> change_field_limits(Field field, const FieldMeta& asked, std::string_view collection);

/// How a collection is described to clients. The column of dynamic fields is not listed.
void describe_schema(const CollectionHandle& handle, wire_schema::CollectionSchema& message);

/// Milvus' number for the type of a field; `meta` may be null.
wire_schema::DataType wire_type(const Field& field, const FieldMeta* meta);
/// The same of an array's elements.
wire_schema::DataType wire_type(FieldType type);

/// The metric a vector field has until an index says another one.
Metric initial_metric(ElementType element);

using KeyValues = google::protobuf::RepeatedPtrField<wire_common::KeyValuePair>;
Parameters parameters_of(const KeyValues& pairs);
void add_parameters(const Parameters& parameters, KeyValues& pairs);

}  // namespace simile::server
