#pragma once
/// How far a call has come, its rate and the time it still needs.

#include <chrono>
#include <cstdint>
#include <string>

namespace simile::cli {

/// Renders and does not write. Thread rule: one thread at a time.
class ProgressBar {
 public:
  using Clock = std::chrono::steady_clock;

  /// `moving`: a bar that is drawn over itself; else whole lines, and few of them.
  ProgressBar(std::string what, std::string unit, bool moving)
      : what_(std::move(what)), unit_(std::move(unit)), moving_(moving) {}

  /// What to write now, mostly nothing: ten times a second on a terminal, else every five seconds
  /// and at the end. `total` 0: unknown.
  ///   importing [#####.....] 50%  1,000 / 2,000 rows  350/s  2.9 s left
  ///   importing: 1,000 of 2,000 rows, 350/s, 2.9 s left
  std::string update(std::uint64_t done, std::uint64_t total, Clock::time_point now);

 private:
  std::string what_;
  std::string unit_;
  bool moving_;
  bool started_ = false;
  bool complete_ = false;
  Clock::time_point start_;
  Clock::time_point shown_;
  std::uint64_t start_done_ = 0;  // what a call that resumes had done before
};

}  // namespace simile::cli
