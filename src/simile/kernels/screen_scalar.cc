// clang-format off: the lanes come first, since the kernels are written over them.
#include "simile/kernels/simd/scalar.h"
// clang-format on
#include "simile/kernels/screen_kernels.h"

namespace simile::kernels {

constinit const ScreenTable scalar::kScreen = screen_table();

}  // namespace simile::kernels
