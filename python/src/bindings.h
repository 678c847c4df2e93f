#pragma once
/// What module.cc puts together.

#include <nanobind/nanobind.h>

namespace simile::python {

void bind_backup(nanobind::module_& module);
void bind_index(nanobind::module_& module);
void bind_database(nanobind::module_& module);
void bind_pictures(nanobind::module_& module);

}  // namespace simile::python
