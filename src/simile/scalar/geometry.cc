#include "simile/scalar/geometry.h"

#include "simile/base/check.h"
#include "simile/base/module.h"

namespace simile::scalar {

Result<const GeometryTools*> geometry_tools() {
  static const Result<const void*> module = load_module(
      {.file = "libsimile_geometry.so",
       .environment = "SIMILE_GEOMETRY_MODULE",
       .remedy = "the functions on geometries need GEOS: install it (apt install libgeos-c1v5, and "
                 "libgeos-dev to build) and build Simile again"});
  SIMILE_TRY(module);
  return static_cast<const GeometryTools*>(*module);
}

}  // namespace simile::scalar
