/// The extension module simile._simile.

#include <nanobind/stl/string_view.h>

#include "bindings.h"
#include "numpy_array.h"
#include "simile/version.h"

NB_MODULE(_simile, module) {
  module.doc() = "The engine of Simile; import simile instead.";
  simile::python::import_numpy();
  module.attr("__version__") = simile::version();
  module.def("kernel_target", &simile::kernel_target,
             "The instruction set the kernels run on; SIMILE_TARGET pins it.");
  simile::python::bind_index(module);
  simile::python::bind_database(module);
  simile::python::bind_pictures(module);
  simile::python::bind_backup(module);
}
