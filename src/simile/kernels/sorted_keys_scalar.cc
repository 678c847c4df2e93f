#include "simile/kernels/sorted_keys_kernels.h"
#include "simile/kernels/sorted_keys_table.h"

namespace simile::kernels {

constinit const InsertKeyFunction scalar::kInsertKey = insert_one_by_one;

}  // namespace simile::kernels
