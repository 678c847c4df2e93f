// clang-format off: the lanes come first, since the kernels are written over them.
#include "simile/kernels/simd/neon.h"
// clang-format on
#include "simile/kernels/distance_tables.h"

namespace simile::kernels {

constinit const DistanceTable neon::kDistance = distance_table();

}  // namespace simile::kernels
