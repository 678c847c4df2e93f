#include "simile/kernels/neighbor_codes.h"

#include "simile/kernels/neighbor_codes_table.h"

namespace simile::kernels {

const NeighborCodeFunctions& neighbor_code_functions(Target target) {
  return SIMILE_KERNELS_OF(target, kNeighborCodes);
}

}  // namespace simile::kernels
