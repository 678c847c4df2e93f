// clang-format off: the lanes come first, since the kernels are written over them.
#include "simile/kernels/simd/avx2.h"
// clang-format on
#include "simile/kernels/screen_kernels.h"

namespace simile::kernels {

constinit const ScreenTable avx2::kScreen = screen_table();

}  // namespace simile::kernels
