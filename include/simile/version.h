#pragma once

#include <string_view>

namespace simile {

/// "0.1.0".
std::string_view version();

/// The instruction set the kernels run on: "scalar", "avx2", "avx512" or "neon". The environment
/// variable SIMILE_TARGET pins it.
std::string_view kernel_target();

}  // namespace simile
