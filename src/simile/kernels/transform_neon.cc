// clang-format off: the lanes come first, since the kernels are written over them.
#include "simile/kernels/simd/neon.h"
// clang-format on
#include "simile/kernels/transform_kernels.h"
#include "simile/kernels/transform_table.h"

namespace simile::kernels {

constinit const TransformFunctions neon::kTransform = kTransformOfTarget;

}  // namespace simile::kernels
