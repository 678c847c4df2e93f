// clang-format off: the lanes come first, since the kernels are written over them.
#include "simile/kernels/simd/avx2.h"
// clang-format on
#include "simile/kernels/distance_tables.h"

namespace simile::kernels {

constinit const DistanceTable avx2::kDistance = distance_table();

}  // namespace simile::kernels
