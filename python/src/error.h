#pragma once
/// Errors of the engine as Python exceptions: simile.errors has a class for each code.

#include <nanobind/nanobind.h>

#include <string>
#include <utility>

#include "simile/error.h"

namespace simile::python {

namespace nb = nanobind;

/// Sets the Python exception for `error` and throws. The caller holds the GIL.
[[noreturn]] void raise(const Error& error);

/// Raises InvalidArgument, which is also a ValueError.
[[noreturn]] void raise_invalid(std::string message);

/// The value, or raises. The caller holds the GIL.
template <class T>
T value_of(Result<T>&& result) {
  if (!result) raise(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace simile::python
