#pragma once
/// One kernel of each target; neighbor_codes.h has the contract.

#include "simile/kernels/neighbor_codes.h"

namespace simile::kernels {

namespace scalar {
extern const EstimateFunction kEstimate;
}
namespace avx2 {
extern const EstimateFunction kEstimate;
}
namespace avx512 {
extern const EstimateFunction kEstimate;
}
namespace neon {
extern const EstimateFunction kEstimate;
}

}  // namespace simile::kernels
