#pragma once
/// Cells of text files as typed columns.

#include <span>

#include "simile/batch.h"
#include "simile/error.h"
#include "simile/schema.h"
#include "simile/vectorfile/cell.h"

namespace simile::vectorfile {

/// An empty column of the field's type.
Column make_column(const Field& field);
/// Drops the values and keeps the memory.
void clear_column(Column& column);

/// Adds one value. kInvalidArgument, "needs int64, not the text 'n/a'", where the cell is none of
/// the column's type; then the column is as it was. A null leaves a zero or empty value, and
/// is an error where `field` is not nullable.
Status append_cell(const Field& field, const Cell& cell, Column& column);

/// Learns the type of a column from its first cells: bool, int64, double or string, array of one
/// of these, else json; string where texts of a CSV file differ.
class TypeGuess {
 public:
  void observe(const Cell& cell);
  /// Nullable; string where only nulls were seen.
  Field field(std::string name) const;

 private:
  void merge(FieldType type, FieldType element_type, bool from_text);

  bool seen_ = false;
  bool text_ = false;
  FieldType type_ = FieldType::kString;
  FieldType element_type_ = FieldType::kInt64;
};

/// "int64", "array<string>"
std::string type_text(FieldType type, FieldType element_type);

}  // namespace simile::vectorfile
