#pragma once
/// Counters and latencies of calls, in the text form of Prometheus.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace simile::server {

/// One call that was slow or failed.
struct RecentCall {
  std::int64_t time = 0;  ///< milliseconds since 1970, of its end
  std::string method;
  std::string detail;  ///< what it was about, or what was wrong
  double seconds = 0;
  int code = 0;
};

/// All calls of a method. The percentiles are upper bounds of their buckets.
struct CallSummary {
  std::string method;
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;
  double mean_seconds = 0;
  double p50_seconds = 0;
  double p99_seconds = 0;
};

/// Thread rule: any call from any thread.
class Metrics {
 public:
  /// Upper bounds of the buckets, in seconds; one more bucket takes the rest.
  static constexpr std::array<double, 14> kBounds = {
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30};

  /// One call of `method` that took `seconds` and ended with `code`, 0 for success. `detail` is
  /// remembered of the calls that are shown.
  void observe(std::string_view method, double seconds, int code, std::string_view detail = {});
  void add_in_flight(int difference) { in_flight_ += difference; }
  int in_flight() const { return in_flight_; }
  std::uint64_t rejected() const { return rejected_; }
  double uptime_seconds() const;
  std::vector<CallSummary> summary() const;
  /// The last calls that took longer than kSlowSeconds, and the last that failed; newest first.
  std::vector<RecentCall> slow() const;
  std::vector<RecentCall> failed() const;
  static constexpr double kSlowSeconds = 0.1;
  /// Calls that admission control has refused.
  void add_rejected() { ++rejected_; }

  /// Every metric of calls as Prometheus reads it.
  std::string to_text() const;

 private:
  struct Method {
    std::array<std::uint64_t, kBounds.size() + 1> buckets{};
    double seconds = 0;
    std::uint64_t calls = 0;
    std::map<int, std::uint64_t> by_code;
  };

  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;
  std::map<std::string, Method, std::less<>> methods_;
  std::deque<RecentCall> slow_;
  std::deque<RecentCall> failed_;
  std::atomic<int> in_flight_ = 0;
  std::atomic<std::uint64_t> rejected_ = 0;
};

}  // namespace simile::server
