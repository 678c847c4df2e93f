#include "simile/kernels/sorted_keys.h"

#include "simile/kernels/sorted_keys_table.h"

namespace simile::kernels {

InsertKeyFunction insert_key_function(Target target) {
  return SIMILE_KERNELS_OF(target, kInsertKey);
}

}  // namespace simile::kernels
