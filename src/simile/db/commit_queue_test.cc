#include "simile/db/commit_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace simile::db {
namespace {

using testing::ElementsAre;

TEST(CommitQueue, EveryRequestIsProcessedOnceAndOneLeaderWorksAtATime) {
  std::atomic<int> inside{0};
  std::uint64_t next = 0;
  CommitQueue queue([&](std::span<WriteRequest* const> group) {
    ASSERT_EQ(inside.fetch_add(1), 0);
    for (WriteRequest* request : group) request->result->sequence = ++next;
    std::this_thread::yield();
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
  EXPECT_EQ(queue.waiting(), 0);
}

/// Sizes of the groups where `requests` requests of `bytes` come while the first is at work.
std::vector<std::size_t> groups_of(std::size_t requests, std::uint64_t bytes) {
  std::vector<std::size_t> sizes;
  CommitQueue* all = nullptr;
  CommitQueue queue([&](std::span<WriteRequest* const> group) {
    sizes.push_back(group.size());
    while (sizes.size() == 1 && all->waiting() < requests) std::this_thread::yield();
  });
  all = &queue;
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < requests; ++thread) {
    threads.emplace_back([&] {
      WriteRequest request;
      request.bytes = bytes;
      queue.commit(request);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return sizes;
}

TEST(CommitQueue, RequestsThatComeMeanwhileShareAGroup) {
  EXPECT_THAT(groups_of(8, 1000), ElementsAre(1, 7));
}

TEST(CommitQueue, AGroupTakesNoMoreThan16MiB) {
  EXPECT_THAT(groups_of(6, std::uint64_t{8} << 20), ElementsAre(1, 2, 2, 1));
}

TEST(CommitQueue, LargeRequestsGoAlone) {
  EXPECT_THAT(groups_of(4, std::uint64_t{1} << 30), ElementsAre(1, 1, 1, 1));
}

}  // namespace
}  // namespace simile::db
