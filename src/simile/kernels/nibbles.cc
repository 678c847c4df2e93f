#include "simile/kernels/nibbles.h"

#include "simile/kernels/nibbles_table.h"

namespace simile::kernels {

const NibbleFunctions& nibble_functions(Target target) {
  return SIMILE_KERNELS_OF(target, kNibbles);
}

}  // namespace simile::kernels
