#pragma once
/// The nibble kernels of each target; nibbles.h has the contract.

#include "simile/kernels/nibbles.h"

namespace simile::kernels {

namespace scalar {
extern const NibbleFunctions kNibbles;
}
namespace avx2 {
extern const NibbleFunctions kNibbles;
}
namespace avx512 {
extern const NibbleFunctions kNibbles;
}
namespace neon {
extern const NibbleFunctions kNibbles;
}

}  // namespace simile::kernels
