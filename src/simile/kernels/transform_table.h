#pragma once
/// The kernels of each target; transform.h has the contract.

#include "simile/kernels/transform.h"

namespace simile::kernels {

namespace scalar {
extern const TransformFunctions kTransform;
}
namespace avx2 {
extern const TransformFunctions kTransform;
}
namespace avx512 {
extern const TransformFunctions kTransform;
}
namespace neon {
extern const TransformFunctions kTransform;
}

}  // namespace simile::kernels
