#include "simile/base/parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <set>
#include <thread>

namespace simile {
namespace {

TEST(ParallelFor, CoversEveryItemOnceInChunksOfTheGrain) {
  for (const std::uint32_t threads : {1u, 2u, 5u}) {
    for (std::size_t count = 0; count <= 40; ++count) {
      for (std::size_t grain = 1; grain <= 42; ++grain) {
        std::vector<std::atomic<int>> seen(count);
        parallel_for(threads, count, grain,
                     [&](std::size_t first, std::size_t last, std::uint32_t worker) {
                       EXPECT_LT(worker, threads);
                       EXPECT_EQ(first % grain, 0u);
                       EXPECT_EQ(last, std::min(first + grain, count));
                       for (std::size_t i = first; i < last; ++i) ++seen[i];
                     });
        EXPECT_TRUE(std::ranges::all_of(seen, [](const auto& n) { return n == 1; }));
      }
    }
  }
}

TEST(ParallelFor, TakesTheLargestNumbersThereAre) {
  constexpr std::size_t kMax = std::numeric_limits<std::size_t>::max();
  std::vector<std::pair<std::size_t, std::size_t>> chunks;
  const auto note = [&](std::size_t first, std::size_t last, std::uint32_t) {
    chunks.emplace_back(first, last);
  };
  parallel_for(1, 10, kMax, note);
  parallel_for(1, kMax, kMax / 2, note);
  EXPECT_EQ(chunks, (std::vector<std::pair<std::size_t, std::size_t>>{
                        {0, 10}, {0, kMax / 2}, {kMax / 2, kMax - 1}, {kMax - 1, kMax}}));
}

TEST(ParallelFor, OneWorkerRunsOneChunkAtATime) {
  constexpr std::uint32_t kThreads = 4;
  std::vector<std::atomic<bool>> busy(kThreads);
  parallel_for(kThreads, 2000, 1, [&](std::size_t, std::size_t, std::uint32_t worker) {
    EXPECT_FALSE(busy[worker].exchange(true));
    std::this_thread::yield();
    busy[worker] = false;
  });
}

TEST(ParallelFor, UsesThatManyThreadsTheCallerAmongThem) {
  std::mutex mutex;
  std::set<std::thread::id> ids;
  std::atomic<int> arrived = 0;
  parallel_for(3, 3, 1, [&](std::size_t, std::size_t, std::uint32_t) {
    ++arrived;
    while (arrived < 3) std::this_thread::yield();
    const std::lock_guard guard(mutex);
    ids.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(ids.size(), 3u);
  EXPECT_TRUE(ids.contains(std::this_thread::get_id()));
}

TEST(ResolveThreads, ZeroIsTheNumberOfCores) {
  EXPECT_GE(resolve_threads(0), 1u);
  EXPECT_LE(resolve_threads(0), std::thread::hardware_concurrency());
  EXPECT_EQ(resolve_threads(7), 7u);
}

}  // namespace
}  // namespace simile
