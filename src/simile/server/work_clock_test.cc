#include "simile/server/work_clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <thread>
#include <vector>

namespace simile::server {
namespace {

using std::chrono::milliseconds;

TEST(WorkClock, EndsWorkWhoseTimeIsOver) {
  WorkClock clock(milliseconds(1));
  for (int round = 0; round < 3; ++round) {  // the clock goes on
    CallCancel call;
    const auto guard = clock.begin(&call);
    while (!call.token().cancelled()) std::this_thread::yield();
    EXPECT_TRUE(call.is_out_of_time());
  }
}

TEST(WorkClock, LeavesWorkThatEndsInTime) {
  WorkClock clock(std::chrono::hours(1));
  CallCancel call;
  { const auto guard = clock.begin(&call); }
  call.cancel();
  EXPECT_FALSE(call.is_out_of_time());
}

TEST(WorkClock, WithoutALimitNothingIsEnded) {
  WorkClock clock(milliseconds(0));
  CallCancel call;
  const auto guard = clock.begin(&call);
  std::this_thread::sleep_for(milliseconds(5));
  EXPECT_FALSE(call.token().cancelled());
}

TEST(WorkClock, WorkThatIsNotTimedIsNotEnded) {
  WorkClock clock(milliseconds(1));
  const auto none = clock.begin(nullptr);
  CallCancel call;
  const auto guard = clock.begin(&call);
  while (!call.token().cancelled()) std::this_thread::yield();
}

TEST(WorkClock, ManyThreadsBeginAndEnd) {
  WorkClock clock(milliseconds(1));
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&clock, thread] {
      for (int round = 0; round < 200; ++round) {
        std::deque<CallCancel> calls(3);
        std::vector<WorkClock::Guard> guards;
        for (CallCancel& call : calls) guards.push_back(clock.begin(&call));
        if (round % 50 == thread) {
          for (CallCancel& call : calls) {
            while (!call.token().cancelled()) std::this_thread::yield();
          }
        }
      }
    });
  }
}

}  // namespace
}  // namespace simile::server
