#pragma once
/// Columns between Python and the engine. simile._columns makes, for every field that is written,
/// a tuple (name, fixed, strings, offsets, valid) in the layout of ColumnView: NumPy arrays, a list
/// of str, or None; and takes the same for every field that is read.

#include <deque>
#include <string_view>
#include <vector>

#include "error.h"
#include "simile/batch.h"
#include "simile/schema.h"

namespace simile::python {

/// A batch over Python objects, which must stay alive and unchanged as long as it.
class BorrowedBatch {
 public:
  /// `columns`: a list of tuples as above, each of `rows` rows. Raises where a string is none.
  BorrowedBatch(const Schema& schema, std::size_t rows, nb::handle columns);

  BorrowedBatch(BorrowedBatch&&) = default;
  const Batch& batch() const { return batch_; }

 private:
  Batch batch_;
  std::deque<std::vector<std::string_view>> strings_;  ///< of which the batch has spans
};

/// Sparse vectors, as bytes, or texts: one, or a list of them.
struct BorrowedQueries {
  BorrowedQueries(nb::handle queries, const Field& field);
  std::vector<std::string_view> views;
  bool single = false;
};

/// Keys over Python objects: an int64 array or a list of str, as the schema says.
class BorrowedKeys {
 public:
  BorrowedKeys(const Schema& schema, nb::handle keys);

  BorrowedKeys(BorrowedKeys&&) = default;
  const KeysView& view() const { return view_; }

 private:
  KeysView view_;
  std::vector<std::string_view> strings_;
};

/// A list of tuples (name, fixed, strings, offsets, valid); what is fixed moves into its array.
nb::list columns_of(Table&& table);

/// A field as a simile.Field object.
nb::object described(const Field& field);

/// The fields of a schema as simile.Field objects.
nb::list fields_of(const Schema& schema);

}  // namespace simile::python
