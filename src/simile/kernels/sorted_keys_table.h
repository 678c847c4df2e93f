#pragma once
/// One kernel of each target; sorted_keys.h has the contract.

#include "simile/kernels/sorted_keys.h"

namespace simile::kernels {

namespace scalar {
extern const InsertKeyFunction kInsertKey;
}
namespace avx2 {
extern const InsertKeyFunction kInsertKey;
}
namespace avx512 {
extern const InsertKeyFunction kInsertKey;
}
namespace neon {
extern const InsertKeyFunction kInsertKey;
}

}  // namespace simile::kernels
