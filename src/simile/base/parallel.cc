#include "simile/base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

#include "simile/base/check.h"

namespace simile {

std::uint32_t resolve_threads(std::uint32_t threads) {
  if (threads != 0) return threads;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return std::max(1u, static_cast<std::uint32_t>(CPU_COUNT(&set)));
  }
  return std::max(1u, std::thread::hardware_concurrency());
}

void parallel_for(std::uint32_t threads, std::size_t count, std::size_t grain,
                  const std::function<void(std::size_t, std::size_t, std::uint32_t)>& work) {
  SIMILE_CHECK(grain > 0);
  const std::size_t chunks = count / grain + (count % grain != 0 ? 1 : 0);
  threads = static_cast<std::uint32_t>(std::min<std::size_t>(resolve_threads(threads), chunks));
  std::atomic<std::size_t> next{0};
  const auto run = [&](std::uint32_t worker) {
    for (;;) {
      const std::size_t chunk = next.fetch_add(1, std::memory_order_relaxed);
      if (chunk >= chunks) return;
      const std::size_t first = chunk * grain;
      work(first, first + std::min(grain, count - first), worker);
    }
  };
  std::vector<std::jthread> helpers;
  try {
    for (std::uint32_t t = 1; t < threads; ++t) helpers.emplace_back(run, t);
  } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch)
    // No more threads to be had (ulimit -u): those that run, and this one, do all the work.
  }
  run(0);
}

}  // namespace simile
