#include "simile/batch.h"

#include <algorithm>

namespace simile {

const Column* Table::find(std::string_view field) const {
  const auto found = std::ranges::find(columns, field, &Column::field);
  return found == columns.end() ? nullptr : &*found;
}

std::size_t width_of(FieldType type) {
  switch (type) {
    case FieldType::kBool:
    case FieldType::kInt8: return 1;
    case FieldType::kInt16: return 2;
    case FieldType::kInt32:
    case FieldType::kFloat: return 4;
    case FieldType::kInt64:
    case FieldType::kDouble: return 8;
    case FieldType::kString:
    case FieldType::kJson:
    case FieldType::kArray:
    case FieldType::kVector:
    case FieldType::kSparse: return 0;
  }
  return 0;
}

}  // namespace simile
