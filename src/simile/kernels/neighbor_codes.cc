#include "simile/kernels/neighbor_codes.h"

#include "simile/kernels/neighbor_codes_table.h"

namespace simile::kernels {

EstimateFunction estimate_function(Target target) { return SIMILE_KERNELS_OF(target, kEstimate); }

}  // namespace simile::kernels
