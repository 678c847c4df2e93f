#pragma once
/// The functions that each target's screen_<target>.cc defines.

#include "simile/kernels/screen_types.h"

namespace simile::kernels {

struct ScreenTable {
  ScreenFunctions float32, float16, bfloat16, int8;
};

namespace scalar {
extern const ScreenTable kScreen;
}
namespace avx2 {
extern const ScreenTable kScreen;
}
namespace avx512 {
extern const ScreenTable kScreen;
}
namespace neon {
extern const ScreenTable kScreen;
}

}  // namespace simile::kernels
