#pragma once
/// Nullable vector fields: a null row holds a vector that is never looked at, and a column of its
/// own beside the vectors, under the name of the field, says which rows are null.

#include <cstddef>
#include <utility>
#include <vector>

#include "simile/schema.h"

namespace simile::segment {

/// The field of the column that tells nulls: bools that are false or null.
inline Field presence_field(const Field& vector_field) {
  Field field;
  field.name = vector_field.name;
  field.type = FieldType::kBool;
  field.nullable = true;
  return field;
}

/// What a null row holds: zeros, but for cosine a vector that has a length.
inline std::vector<std::byte> null_vector(const Field& field) {
  std::vector<std::byte> bytes(field.vector.bytes());
  if (field.metric != Metric::kCosine) return bytes;
  switch (field.vector.element) {  // 1.0, the lower byte first
    case ElementType::kFloat32:
      bytes[2] = std::byte{0x80};
      bytes[3] = std::byte{0x3F};
      break;
    case ElementType::kFloat16: bytes[1] = std::byte{0x3C}; break;
    case ElementType::kBFloat16:
      bytes[0] = std::byte{0x80};
      bytes[1] = std::byte{0x3F};
      break;
    default: bytes[0] = std::byte{1};
  }
  return bytes;
}

}  // namespace simile::segment
