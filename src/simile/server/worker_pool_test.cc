#include "simile/server/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace simile::server {
namespace {

TEST(WorkerPool, RunsEverythingThatItTookBeforeDrainReturns) {
  std::atomic<int> done = 0;
  WorkerPool pool(3, 1'000);
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(pool.submit([&] { ++done; }));
  pool.drain();
  EXPECT_EQ(done, 500);
  EXPECT_FALSE(pool.submit([&] { ++done; }));
}

TEST(WorkerPool, RefusesWhatDoesNotFitTheQueue) {
  std::latch started(1);
  std::latch release(1);
  WorkerPool pool(1, 2);
  ASSERT_TRUE(pool.submit([&] {
    started.count_down();
    release.wait();
  }));
  started.wait();
  EXPECT_TRUE(pool.submit([] {}));
  EXPECT_TRUE(pool.submit([] {}));
  EXPECT_EQ(pool.waiting(), 2U);
  EXPECT_FALSE(pool.submit([] {}));
  release.count_down();
}

}  // namespace
}  // namespace simile::server
