#pragma once
/// Which instruction sets there are, which this machine runs, and the choice of a kernel by them.
/// All of it is thread-safe.

#include <cstdint>
#include <string_view>
#include <vector>

namespace simile::kernels {

/// kAvx2 needs AVX2, FMA and F16C. kAvx512 needs AVX-512 F, BW, VL, DQ, VNNI and VPOPCNTDQ (Intel
/// Ice Lake, AMD Zen 4 and later) besides. kNeon is every 64-bit ARM.
enum class Target : std::uint8_t { kScalar, kAvx2, kAvx512, kNeon };

/// What this machine and its operating system can run, best last; never empty.
const std::vector<Target>& supported_targets();
/// The best supported target, or the one that SIMILE_TARGET names (scalar, avx2, avx512, neon); a
/// name that is unknown or unsupported is reported once on stderr and ignored. Fixed at first use.
Target active_target();
std::string_view name_of(Target target);

}  // namespace simile::kernels

/// The table `name` of a kernel family, which each target defines in its own namespace (scalar,
/// avx2, avx512, neon). A target of another architecture gives the scalar one: supported_targets()
/// never names it.
#if defined(__x86_64__)
#define SIMILE_KERNELS_OF(target, name)           \
  ((target) == ::simile::kernels::Target::kAvx512 \
       ? avx512::name                             \
       : ((target) == ::simile::kernels::Target::kAvx2 ? avx2::name : scalar::name))
#elif defined(__aarch64__)
#define SIMILE_KERNELS_OF(target, name) \
  ((target) == ::simile::kernels::Target::kNeon ? neon::name : scalar::name)
#else
#define SIMILE_KERNELS_OF(target, name) (static_cast<void>(target), scalar::name)
#endif
