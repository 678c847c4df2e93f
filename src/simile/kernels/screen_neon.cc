// clang-format off: the lanes come first, since the kernels are written over them.
#include "simile/kernels/simd/neon.h"
// clang-format on
#include "simile/kernels/screen_kernels.h"

namespace simile::kernels {

constinit const ScreenTable neon::kScreen = screen_table();

}  // namespace simile::kernels
