#pragma once
/// From a FieldType to the C++ type that its values lie as.

#include <cstdint>
#include <string_view>

#include "simile/base/check.h"
#include "simile/schema.h"

namespace simile::scalar::filter {

/// Returns visit.operator()<T>(): std::uint8_t for bool, std::string_view for string and JSON.
/// Asserts on arrays and vectors.
template <class Visit>
auto with_native_type(FieldType type, Visit&& visit) {
  switch (type) {
    case FieldType::kBool: return visit.template operator()<std::uint8_t>();
    case FieldType::kInt8: return visit.template operator()<std::int8_t>();
    case FieldType::kInt16: return visit.template operator()<std::int16_t>();
    case FieldType::kInt32: return visit.template operator()<std::int32_t>();
    case FieldType::kInt64: return visit.template operator()<std::int64_t>();
    case FieldType::kFloat: return visit.template operator()<float>();
    case FieldType::kDouble: return visit.template operator()<double>();
    case FieldType::kString:
    case FieldType::kJson: return visit.template operator()<std::string_view>();
    case FieldType::kArray:
    case FieldType::kVector:
    case FieldType::kSparse: break;
  }
  check_failed("a type of single values", std::source_location::current());
}

}  // namespace simile::scalar::filter
