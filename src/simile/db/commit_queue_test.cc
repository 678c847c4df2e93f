#include "simile/db/commit_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace simile::db {
namespace {

TEST(CommitQueue, EveryRequestIsProcessedOnceAndOneLeaderWorksAtATime) {
  std::atomic<int> inside{0};
  std::uint64_t next = 0;
  std::size_t groups = 0;
  CommitQueue queue([&](std::span<WriteRequest* const> group) {
    ASSERT_EQ(inside.fetch_add(1), 0);
    for (WriteRequest* request : group) request->result->sequence = ++next;
    ++groups;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    inside.fetch_sub(1);
  });
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&] {
      std::uint64_t last = 0;
      for (int i = 0; i < 100; ++i) {
        WriteRequest request;
        queue.commit(request);
        ASSERT_TRUE(request.done);
        ASSERT_GT(request.result->sequence, last);
        last = request.result->sequence;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(next, 800);
  EXPECT_LT(groups, 800);  // some shared one
}

TEST(CommitQueue, LargeRequestsGoAlone) {
  std::vector<std::size_t> sizes;
  CommitQueue queue([&](std::span<WriteRequest* const> group) {
    sizes.push_back(group.size());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  });
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      WriteRequest request;
      request.bytes = std::uint64_t{1} << 30;
      queue.commit(request);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sizes, std::vector<std::size_t>({1, 1, 1, 1}));
}

}  // namespace
}  // namespace simile::db
