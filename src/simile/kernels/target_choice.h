#pragma once
/// The rule behind active_target(), apart from the environment and the machine.

#include <string>
#include <string_view>
#include <vector>

#include "simile/kernels/target.h"

namespace simile::kernels {

struct TargetChoice {
  Target target;
  std::string warning;  ///< empty where the wish was granted
};

/// The target that `wanted` names, if it is in `supported`; else the last of `supported`, with a
/// warning unless `wanted` is empty.
TargetChoice choose_target(std::string_view wanted, const std::vector<Target>& supported);

}  // namespace simile::kernels
