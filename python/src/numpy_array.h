#pragma once
/// NumPy arrays through NumPy's own C interface: looking into one costs a few nanoseconds, making
/// one some fifty, where the generic protocols cost a microsecond each.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "error.h"
#include "simile/schema.h"
#include "simile/types.h"

namespace simile::python {

/// Loads NumPy; once, when the module is loaded.
void import_numpy();

/// Rows of vectors that lie in a Python object.
struct RowsArgument {
  MatrixView view;
  bool single = false;  ///< one vector was given, of shape (dim,)
  nb::object owner;     ///< keeps view.data alive
};

/// Borrows `array`, of shape (n, dim) or (dim,), bits packed into dim / 8 bytes. An array of
/// another kind, element type or layout goes through simile._arrays.as_rows, which copies where it
/// must and says what it does not take. `name` is the argument's name, for messages.
RowsArgument rows_argument(nb::handle array, VectorType type, const char* name);

/// The same for queries against vectors of `type`: float32 for every float type, which is more
/// precise and which the engine takes.
RowsArgument queries_argument(nb::handle array, VectorType type, const char* name);

/// A C-contiguous NumPy array as bytes. Anything else is a defect of the Python side.
std::span<const std::byte> bytes_of(nb::handle array);

/// int64 values of an array, or of anything that NumPy makes one of without rounding.
struct IdsArgument {
  std::span<const std::int64_t> values;
  nb::object owner;
};
IdsArgument ids_argument(nb::handle ids, const char* name);

/// A new array, not initialised, and where its values lie.
template <class T>
struct NewArray {
  nb::object array;
  T* data = nullptr;
};
NewArray<std::int64_t> new_int64_array(std::initializer_list<std::size_t> shape);
NewArray<float> new_float32_array(std::initializer_list<std::size_t> shape);

/// Arrays that own what is moved into them; nothing is copied.
nb::object array_of(std::vector<float>&& values);
nb::object array_of(std::vector<std::uint64_t>&& values);
nb::object array_of(std::vector<std::int64_t>&& values);
nb::object array_of(std::vector<std::uint8_t>&& values);
/// Values of a fixed-width scalar type, shape (n,).
nb::object array_of(std::vector<std::byte>&& values, FieldType type);
/// Vectors, shape (n, dim); bfloat16 as float32, bits as (n, dim / 8) uint8.
nb::object array_of(std::vector<std::byte>&& values, VectorType type);

}  // namespace simile::python
