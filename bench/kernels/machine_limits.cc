#include "machine_limits.h"

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

namespace simile::bench {
namespace {

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

volatile std::uint64_t sink_of_sums;

#if defined(__x86_64__)
constexpr int kRounds = 200'000;

/// Twelve sums hide the latency of 4 cycles of two units.
#define SIMILE_TWELVE(x) x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9) x(10) x(11)
#define SIMILE_CLOBBERS                                                                    \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
      "xmm11", "xmm14", "xmm15"
#define SIMILE_FMA_512(i) "vfmadd231ps %%zmm14, %%zmm15, %%zmm" #i "\n\t"
#define SIMILE_FMA_256(i) "vfmadd231ps %%ymm14, %%ymm15, %%ymm" #i "\n\t"
#define SIMILE_ZERO(i) "vxorps %%xmm" #i ", %%xmm" #i ", %%xmm" #i "\n\t"

void multiply_adds_512() {
  int rounds = kRounds;
  asm volatile(SIMILE_TWELVE(SIMILE_ZERO) SIMILE_ZERO(14) SIMILE_ZERO(15) "1:\n\t" SIMILE_TWELVE(
                   SIMILE_FMA_512) "dec %0\n\tjnz 1b\n\tvzeroupper"
               : "+r"(rounds)
               :
               : SIMILE_CLOBBERS, "cc");
}

void multiply_adds_256() {
  int rounds = kRounds;
  asm volatile(SIMILE_TWELVE(SIMILE_ZERO) SIMILE_ZERO(14) SIMILE_ZERO(15) "1:\n\t" SIMILE_TWELVE(
                   SIMILE_FMA_256) "dec %0\n\tjnz 1b\n\tvzeroupper"
               : "+r"(rounds)
               :
               : SIMILE_CLOBBERS, "cc");
}
#endif

}  // namespace

double fastest_seconds(int repeats, const std::function<void()>& work) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < repeats; ++i) {
    const double start = thread_seconds();
    work();
    best = std::min(best, thread_seconds() - start);
  }
  return best;
}

double streaming_bandwidth(const void* memory, std::size_t bytes) {
  using Words [[gnu::vector_size(16)]] = std::uint64_t;
  const auto* line = static_cast<const Words*>(memory);
  const double seconds = fastest_seconds(5, [&] {
    Words a{};
    Words b{};
    Words c{};
    Words d{};
    for (std::size_t i = 0; i + 4 <= bytes / sizeof(Words); i += 4) {
      a += line[i];
      b += line[i + 1];
      c += line[i + 2];
      d += line[i + 3];
    }
    const Words sum = a + b + c + d;
    sink_of_sums = sum[0] + sum[1];
  });
  return static_cast<double>(bytes) / seconds;
}

double multiply_add_peak(kernels::Target target) {
#if defined(__x86_64__)
  const bool wide = target == kernels::Target::kAvx512;
  if (wide || target == kernels::Target::kAvx2) {
    const double seconds = fastest_seconds(9, wide ? multiply_adds_512 : multiply_adds_256);
    return kRounds * 12.0 * (wide ? 32 : 16) / seconds;
  }
#endif
  static_cast<void>(target);
  return 0;
}

}  // namespace simile::bench
