#include "simile/kernels/target.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "simile/base/text.h"
#include "simile/kernels/target_choice.h"
#include "simile/version.h"

namespace simile::kernels {
namespace {

constexpr Target kAllTargets[] = {Target::kScalar, Target::kAvx2, Target::kAvx512, Target::kNeon};

std::vector<Target> detect_targets() {
  std::vector<Target> targets{Target::kScalar};
#if defined(__x86_64__)
  // These answers include whether the operating system saves the registers (XGETBV).
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("f16c") && __builtin_cpu_supports("popcnt")) {
    targets.push_back(Target::kAvx2);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vpopcntdq")) {
      targets.push_back(Target::kAvx512);
    }
  }
#elif defined(__aarch64__)
  targets.push_back(Target::kNeon);
#endif
  return targets;
}

Target choose_active_target() {
  const char* wanted = std::getenv("SIMILE_TARGET");
  const TargetChoice choice = choose_target(wanted == nullptr ? "" : wanted, supported_targets());
  if (!choice.warning.empty()) std::fprintf(stderr, "simile: %s\n", choice.warning.c_str());
  return choice.target;
}

}  // namespace

TargetChoice choose_target(std::string_view wanted, const std::vector<Target>& supported) {
  const Target best = supported.back();
  if (wanted.empty()) return {best, {}};
  std::string names;
  for (const Target target : supported) {
    if (name_of(target) == wanted) return {target, {}};
    names += join_text(names.empty() ? "" : ", ", name_of(target));
  }
  std::string_view why = "is not known";
  for (const Target target : kAllTargets) {
    if (name_of(target) == wanted) why = "does not run on this machine";
  }
  return {best, join_text("SIMILE_TARGET=", wanted, " ", why, "; using ", name_of(best),
                          " (this machine runs: ", names, ")")};
}

const std::vector<Target>& supported_targets() {
  static const std::vector<Target> targets = detect_targets();
  return targets;
}

Target active_target() {
  static const Target target = choose_active_target();
  return target;
}

std::string_view name_of(Target target) {
  switch (target) {
    case Target::kScalar: return "scalar";
    case Target::kAvx2: return "avx2";
    case Target::kAvx512: return "avx512";
    case Target::kNeon: return "neon";
  }
  return "unknown";
}

}  // namespace simile::kernels

namespace simile {

std::string_view kernel_target() { return kernels::name_of(kernels::active_target()); }

}  // namespace simile
