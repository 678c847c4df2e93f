#include "simile/server/worker_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace simile::server {
namespace {

using ::testing::ElementsAre;

/// A pool of one thread that is kept busy until release(), and what it ran after that, as one
/// number of tasks for each time that it ran some.
class BusyPool {
 public:
  BusyPool(std::size_t queue_max, std::size_t threads = 1)
      : pool_(
            threads, queue_max, [this](std::span<int> tasks) { run(tasks); },
            [](int first, int next) { return first == next; }) {
    EXPECT_TRUE(pool_.submit(kBusy));
    started_.wait();
  }

  bool submit(int task) { return pool_.submit(task); }
  std::size_t waiting() const { return pool_.waiting(); }
  std::vector<std::size_t> release() {
    release_.count_down();
    pool_.drain();
    return sizes_;
  }

 private:
  static constexpr int kBusy = -1;

  void run(std::span<int> tasks) {
    if (tasks[0] == kBusy) {
      started_.count_down();
      release_.wait();
    } else {
      sizes_.push_back(tasks.size());
    }
  }

  std::latch started_{1};
  std::latch release_{1};
  std::vector<std::size_t> sizes_;
  WorkerPool<int> pool_;
};

TEST(WorkerPool, RunsEverythingThatItTookBeforeDrainReturns) {
  std::atomic<int> done = 0;
  WorkerPool<int> pool(3, 1'000,
                       [&](std::span<int> tasks) { done += static_cast<int>(tasks.size()); });
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(pool.submit(i));
  pool.drain();
  EXPECT_EQ(done, 500);
  EXPECT_FALSE(pool.submit(0));
}

TEST(WorkerPool, RefusesWhatDoesNotFitTheQueue) {
  BusyPool pool(2);
  EXPECT_TRUE(pool.submit(1));
  EXPECT_TRUE(pool.submit(2));
  EXPECT_EQ(pool.waiting(), 2U);
  EXPECT_FALSE(pool.submit(3));
  EXPECT_THAT(pool.release(), ElementsAre(1, 1));
}

TEST(WorkerPool, HandsOutWhatWaitsTogether) {
  BusyPool pool(100);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.submit(1));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(pool.submit(2));
  ASSERT_TRUE(pool.submit(1));
  EXPECT_THAT(pool.release(), ElementsAre(3, 2, 1));
}

TEST(WorkerPool, HandsOutNoMoreThanALimit) {
  BusyPool pool(100);
  const std::size_t most = WorkerPool<int>::kTogetherMax;
  for (std::size_t i = 0; i < most + 1; ++i) ASSERT_TRUE(pool.submit(1));
  EXPECT_THAT(pool.release(), ElementsAre(most, 1));
}

TEST(WorkerPool, RunsOneByOneWhereNothingSaysWhatGoesTogether) {
  std::vector<std::size_t> sizes;
  WorkerPool<int> pool(1, 100, [&](std::span<int> tasks) { sizes.push_back(tasks.size()); });
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.submit(1));
  pool.drain();
  EXPECT_THAT(sizes, ElementsAre(1, 1, 1));
}

}  // namespace
}  // namespace simile::server
