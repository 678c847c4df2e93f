#include "simile/pictures/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace simile::pictures {
namespace {

TEST(BoundedQueue, GivesWhatIsPutInOrder) {
  BoundedQueue<std::unique_ptr<int>> queue(3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.push(std::make_unique<int>(i)));
  queue.close();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(**queue.pop(), i);
  EXPECT_FALSE(queue.pop());
  EXPECT_FALSE(queue.pop());
}

TEST(BoundedQueue, DropsWhatIsPutAfterItWasClosed) {
  BoundedQueue<int> queue(1);
  queue.close();
  EXPECT_FALSE(queue.push(1));
  EXPECT_FALSE(queue.pop());
}

TEST(BoundedQueue, HoldsBackWhoIsFaster) {
  BoundedQueue<int> queue(2);
  std::atomic<int> pushed = 0;
  std::thread producer([&] {
    for (int i = 0; i < 10; ++i) {
      queue.push(i);
      ++pushed;
    }
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_LE(pushed, 2);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(queue.pop(), i);
  producer.join();
}

TEST(BoundedQueue, FreesWaitersWhenItIsClosed) {
  BoundedQueue<int> full(1);
  BoundedQueue<int> empty(1);
  full.push(1);
  std::thread producer([&] { EXPECT_FALSE(full.push(2)); });
  std::thread consumer([&] { EXPECT_FALSE(empty.pop()); });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  full.close();
  empty.close();
  producer.join();
  consumer.join();
}

TEST(BoundedQueue, LosesNothingAmongManyThreads) {
  BoundedQueue<int> queue(4);
  std::atomic<int> producing = 3;
  std::atomic<long> sum = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 1; i <= 2000; ++i) queue.push(i);
      if (--producing == 0) queue.close();
    });
    threads.emplace_back([&] {
      while (const auto value = queue.pop()) sum += *value;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, 3L * 2000 * 2001 / 2);
}

}  // namespace
}  // namespace simile::pictures
