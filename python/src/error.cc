#include "error.h"

#include <nanobind/stl/string.h>

namespace simile::python {

void raise(const Error& error) {
  const nb::object make = nb::module_::import_("simile.errors").attr("make");
  const nb::object exception = make(static_cast<int>(error.code), error.message);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  throw nb::python_error();
}

void raise_invalid(std::string message) {
  raise(Error{ErrorCode::kInvalidArgument, std::move(message)});
}

}  // namespace simile::python
