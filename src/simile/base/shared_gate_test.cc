#include "simile/base/shared_gate.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace simile {
namespace {

TEST(SharedGate, OneAloneSeesNobodyElseAndAllGetTheirTurn) {
  SharedGate gate;
  std::int64_t even = 0;  // guarded by the gate: two halves of one change
  std::int64_t odd = 0;
  std::atomic<bool> done{false};
  std::vector<std::jthread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      while (!done.load(std::memory_order_relaxed)) {
        gate.lock_shared();
        EXPECT_EQ(even, odd);
        gate.unlock_shared();
      }
    });
  }
  // With readers that overlap all the time, these would never end if readers came first.
  for (int i = 0; i < 2000; ++i) {
    gate.lock();
    ++even;
    ++odd;
    gate.unlock();
  }
  done = true;
  readers.clear();
  EXPECT_EQ(even, 2000);
  EXPECT_FALSE(gate.wanted());
}

}  // namespace
}  // namespace simile
