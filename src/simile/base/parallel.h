#pragma once
/// Work spread over threads.

#include <cstddef>
#include <cstdint>
#include <functional>

namespace simile {

/// `threads`, or the number of cores this process may use where it is 0. At least 1.
std::uint32_t resolve_threads(std::uint32_t threads);

/// Calls work(first, last, worker) for consecutive chunks of at most `grain` items that cover
/// [0, count), on up to `threads` threads, the caller among them; worker is in [0, threads) and
/// each worker runs one chunk at a time. Returns when all is done. Chunks start in ascending order,
/// so what depends on `first` alone is the same for any number of threads.
void parallel_for(
    std::uint32_t threads, std::size_t count, std::size_t grain,
    const std::function<void(std::size_t first, std::size_t last, std::uint32_t worker)>& work);

}  // namespace simile
