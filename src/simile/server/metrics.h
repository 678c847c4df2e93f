#pragma once
/// Counters and latencies of calls, in the text form of Prometheus.

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace simile::server {

/// Thread rule: any call from any thread.
class Metrics {
 public:
  /// Upper bounds of the buckets, in seconds; one more bucket takes the rest.
  static constexpr std::array<double, 14> kBounds = {
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30};

  /// One call of `method` that took `seconds` and ended with `code`, 0 for success.
  void observe(std::string_view method, double seconds, int code);
  void add_in_flight(int difference) { in_flight_ += difference; }
  int in_flight() const { return in_flight_; }
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

  mutable std::mutex mutex_;
  std::map<std::string, Method, std::less<>> methods_;
  std::atomic<int> in_flight_ = 0;
  std::atomic<std::uint64_t> rejected_ = 0;
};

}  // namespace simile::server
