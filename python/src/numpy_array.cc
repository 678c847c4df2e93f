#include "numpy_array.h"

#define NPY_NO_DEPRECATED_API NPY_1_22_API_VERSION
#include <numpy/arrayobject.h>

#include <memory>

#include "simile/base/half.h"
#include "simile/batch.h"

namespace simile::python {
namespace {

PyArrayObject* as_array(nb::handle array) { return reinterpret_cast<PyArrayObject*>(array.ptr()); }

/// NumPy's type of one component; bfloat16, which it does not have, travels as its bits.
int type_number(ElementType element) {
  switch (element) {
    case ElementType::kFloat32: return NPY_FLOAT32;
    case ElementType::kFloat16: return NPY_FLOAT16;
    case ElementType::kBFloat16: return NPY_UINT16;
    case ElementType::kInt8: return NPY_INT8;
    case ElementType::kBit: return NPY_UINT8;
    default: break;
  }
  return NPY_NOTYPE;
}

int type_number(FieldType type) {
  switch (type) {
    case FieldType::kBool: return NPY_BOOL;
    case FieldType::kInt8: return NPY_INT8;
    case FieldType::kInt16: return NPY_INT16;
    case FieldType::kInt32: return NPY_INT32;
    case FieldType::kInt64: return NPY_INT64;
    case FieldType::kFloat: return NPY_FLOAT32;
    case FieldType::kDouble: return NPY_FLOAT64;
    default: return NPY_UINT8;
  }
}

npy_intp columns_of(VectorType type) {
  return static_cast<npy_intp>(type.element == ElementType::kBit ? type.dim / 8 : type.dim);
}

/// Fills `view` where the array can be read as it is.
bool borrow_rows(nb::handle object, VectorType type, RowsArgument& rows) {
  if (!PyArray_Check(object.ptr())) return false;
  PyArrayObject* array = as_array(object);
  const int dimensions = PyArray_NDIM(array);
  if ((dimensions != 1 && dimensions != 2) || PyArray_TYPE(array) != type_number(type.element) ||
      !PyArray_ISNOTSWAPPED(array)) {
    return false;
  }
  const npy_intp* shape = PyArray_DIMS(array);
  const npy_intp* strides = PyArray_STRIDES(array);
  const npy_intp columns = columns_of(type);
  if (shape[dimensions - 1] != columns) return false;
  rows.single = dimensions == 1;
  rows.view = MatrixView(PyArray_DATA(array), 1, type);
  if (!rows.single) rows.view.rows = static_cast<std::size_t>(shape[0]);
  // NumPy keeps strides meaningful only where there is more than one element along them.
  if (rows.view.rows == 0) return true;
  if (columns > 1 && strides[dimensions - 1] != PyArray_ITEMSIZE(array)) return false;
  if (rows.view.rows > 1) {
    if (strides[0] < static_cast<npy_intp>(type.bytes())) return false;
    rows.view.stride = static_cast<std::size_t>(strides[0]);
  }
  return true;
}

nb::object new_array(int type, std::initializer_list<std::size_t> shape) {
  npy_intp dims[2] = {};
  npy_intp* next = dims;
  for (const std::size_t length : shape) *next++ = static_cast<npy_intp>(length);
  nb::object array = nb::steal(PyArray_SimpleNew(static_cast<int>(shape.size()), dims, type));
  if (!array.is_valid()) throw nb::python_error();
  return array;
}

/// An array over `values`, which a capsule keeps.
template <class T>
nb::object owning_array(std::vector<T>&& values, int type,
                        std::initializer_list<std::size_t> shape) {
  auto kept = std::make_unique<std::vector<T>>(std::move(values));
  npy_intp dims[2] = {};
  npy_intp* next = dims;
  for (const std::size_t length : shape) *next++ = static_cast<npy_intp>(length);
  // An empty vector has no address, which NumPy would take as a wish to allocate.
  static std::int64_t nowhere = 0;
  void* data = kept->empty() ? static_cast<void*>(&nowhere) : kept->data();
  nb::object array =
      nb::steal(PyArray_SimpleNewFromData(static_cast<int>(shape.size()), dims, type, data));
  if (!array.is_valid()) throw nb::python_error();
  nb::capsule owner(kept.get(),
                    [](void* vector) noexcept { delete static_cast<std::vector<T>*>(vector); });
  kept.release();
  if (PyArray_SetBaseObject(as_array(array), owner.release().ptr()) != 0) throw nb::python_error();
  return array;
}

}  // namespace

void import_numpy() {
  if (_import_array() < 0) throw nb::python_error();
}

RowsArgument rows_argument(nb::handle array, VectorType type, const char* name) {
  RowsArgument rows;
  // For bfloat16 only as_rows can tell bits from numbers.
  if (type.element != ElementType::kBFloat16 && borrow_rows(array, type, rows)) {
    rows.owner = nb::borrow(array);
    return rows;
  }
  const nb::object as_rows = nb::module_::import_("simile._arrays").attr("as_rows");
  const std::string_view element = name_of(type.element);
  rows.owner = as_rows(array, nb::str(element.data(), element.size()), type.dim, name);
  if (!borrow_rows(rows.owner, type, rows)) {
    raise(Error{ErrorCode::kInternal, std::string("as_rows left '") + name + "' unusable"});
  }
  return rows;
}

RowsArgument queries_argument(nb::handle array, VectorType type, const char* name) {
  if (type.element == ElementType::kFloat16 || type.element == ElementType::kBFloat16) {
    type.element = ElementType::kFloat32;
  }
  return rows_argument(array, type, name);
}

std::span<const std::byte> bytes_of(nb::handle array) {
  if (!PyArray_Check(array.ptr()) || !PyArray_IS_C_CONTIGUOUS(as_array(array))) {
    raise(Error{ErrorCode::kInternal, "a column is no contiguous array"});
  }
  return {static_cast<const std::byte*>(PyArray_DATA(as_array(array))),
          static_cast<std::size_t>(PyArray_NBYTES(as_array(array)))};
}

IdsArgument ids_argument(nb::handle ids, const char* name) {
  IdsArgument argument;
  if (ids.is_none()) return argument;
  const nb::object as_ids = nb::module_::import_("simile._arrays").attr("as_ids");
  argument.owner = as_ids(ids, name);
  const auto bytes = bytes_of(argument.owner);
  argument.values = {reinterpret_cast<const std::int64_t*>(bytes.data()), bytes.size() / 8};
  return argument;
}

NewArray<std::int64_t> new_int64_array(std::initializer_list<std::size_t> shape) {
  nb::object array = new_array(NPY_INT64, shape);
  return {array, static_cast<std::int64_t*>(PyArray_DATA(as_array(array)))};
}

NewArray<float> new_float32_array(std::initializer_list<std::size_t> shape) {
  nb::object array = new_array(NPY_FLOAT32, shape);
  return {array, static_cast<float*>(PyArray_DATA(as_array(array)))};
}

nb::object array_of(std::vector<float>&& values) {
  const std::size_t count = values.size();
  return owning_array(std::move(values), NPY_FLOAT32, {count});
}

nb::object array_of(std::vector<std::uint64_t>&& values) {
  const std::size_t count = values.size();
  return owning_array(std::move(values), NPY_UINT64, {count});
}

nb::object array_of(std::vector<std::int64_t>&& values) {
  const std::size_t count = values.size();
  return owning_array(std::move(values), NPY_INT64, {count});
}

nb::object array_of(std::vector<std::uint8_t>&& values) {
  const std::size_t count = values.size();
  return owning_array(std::move(values), NPY_UINT8, {count});
}

nb::object array_of(std::vector<std::byte>&& values, FieldType type) {
  const std::size_t count = values.size() / width_of(type);
  return owning_array(std::move(values), type_number(type), {count});
}

nb::object array_of(std::vector<std::byte>&& values, VectorType type) {
  const std::size_t rows = values.size() / type.bytes();
  if (type.element != ElementType::kBFloat16) {
    const auto columns = static_cast<std::size_t>(columns_of(type));
    return owning_array(std::move(values), type_number(type.element), {rows, columns});
  }
  auto [array, data] = new_float32_array({rows, type.dim});
  const auto* bits = reinterpret_cast<const std::uint16_t*>(values.data());
  for (std::size_t i = 0; i < rows * type.dim; ++i) data[i] = bfloat16_to_float(bits[i]);
  return array;
}

}  // namespace simile::python
