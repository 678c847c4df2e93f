// clang-format off: the lanes come first, since the kernels are written over them.
#include "simile/kernels/simd/scalar.h"
// clang-format on
#include "simile/kernels/distance_tables.h"

namespace simile::kernels {

constinit const DistanceTable scalar::kDistance = distance_table();

}  // namespace simile::kernels
