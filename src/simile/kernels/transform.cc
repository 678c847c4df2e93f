#include "simile/kernels/transform.h"

#include "simile/kernels/transform_table.h"

namespace simile::kernels {

const TransformFunctions& transform_functions(Target target) {
  return SIMILE_KERNELS_OF(target, kTransform);
}

}  // namespace simile::kernels
