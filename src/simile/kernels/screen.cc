#include "simile/kernels/screen.h"

#include <algorithm>

#include "simile/base/check.h"
#include "simile/kernels/screen_table.h"

namespace simile::kernels {

const ScreenFunctions& screen_functions(ElementType element, Target target) {
  SIMILE_CHECK(std::ranges::find(supported_targets(), target) != supported_targets().end());
  SIMILE_CHECK(element != ElementType::kBit);
  const ScreenTable& table = SIMILE_KERNELS_OF(target, kScreen);
  switch (element) {
    case ElementType::kFloat16: return table.float16;
    case ElementType::kBFloat16: return table.bfloat16;
    case ElementType::kInt8: return table.int8;
    default: return table.float32;
  }
}

}  // namespace simile::kernels
