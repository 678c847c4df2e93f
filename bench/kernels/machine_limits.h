#pragma once
/// What this machine can do at best on one core: the yardsticks beside every figure.

#include <cstddef>
#include <functional>

#include "simile/kernels/target.h"

namespace simile::bench {

/// Seconds of processor time of the fastest of `repeats` calls. Processor time, so that programs
/// beside this one disturb less.
double fastest_seconds(int repeats, const std::function<void()>& work);

/// Bytes per second of reading `bytes` of memory in order.
double streaming_bandwidth(const void* memory, std::size_t bytes);

/// Floating-point operations per second of independent multiply-adds in registers; 0 where the
/// target has none.
double multiply_add_peak(kernels::Target target);

}  // namespace simile::bench
