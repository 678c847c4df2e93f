#include "simile/server/metrics.h"

#include <algorithm>

#include "simile/base/text.h"

namespace simile::server {

namespace {

constexpr std::size_t kRecentMax = 50;

void remember(std::deque<RecentCall>& calls, RecentCall call) {
  calls.push_front(std::move(call));
  if (calls.size() > kRecentMax) calls.pop_back();
}

std::int64_t now_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

void Metrics::observe(std::string_view method, double seconds, int code, std::string_view detail) {
  const auto bucket = std::ranges::lower_bound(kBounds, seconds) - kBounds.begin();
  const std::scoped_lock lock(mutex_);
  auto found = methods_.find(method);
  if (found == methods_.end()) found = methods_.emplace(std::string(method), Method{}).first;
  Method& entry = found->second;
  ++entry.buckets[static_cast<std::size_t>(bucket)];
  entry.seconds += seconds;
  ++entry.calls;
  ++entry.by_code[code];
  if (seconds < kSlowSeconds && code == 0) return;
  const RecentCall call{.time = now_milliseconds(),
                        .method = std::string(method),
                        .detail = std::string(detail),
                        .seconds = seconds,
                        .code = code};
  if (seconds >= kSlowSeconds) remember(slow_, call);
  if (code != 0) remember(failed_, call);
}

double Metrics::uptime_seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

std::vector<RecentCall> Metrics::slow() const {
  const std::scoped_lock lock(mutex_);
  return {slow_.begin(), slow_.end()};
}

std::vector<RecentCall> Metrics::failed() const {
  const std::scoped_lock lock(mutex_);
  return {failed_.begin(), failed_.end()};
}

std::vector<CallSummary> Metrics::summary() const {
  const auto percentile = [](const Method& method, double share) {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(method.calls));
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
      sum += method.buckets[i];
      if (sum > wanted) return kBounds[i];
    }
    return kBounds.back();
  };
  std::vector<CallSummary> list;
  const std::scoped_lock lock(mutex_);
  for (const auto& [name, method] : methods_) {
    const auto good = method.by_code.find(0);
    list.push_back({.method = name,
                    .calls = method.calls,
                    .failed = method.calls - (good == method.by_code.end() ? 0 : good->second),
                    .mean_seconds = method.seconds / static_cast<double>(method.calls),
                    .p50_seconds = percentile(method, 0.5),
                    .p99_seconds = percentile(method, 0.99)});
  }
  return list;
}

std::string Metrics::to_text() const {
  std::string out = join_text(
      "# HELP simile_calls_in_flight Calls that wait or run.\n"
      "# TYPE simile_calls_in_flight gauge\nsimile_calls_in_flight ",
      in_flight_.load(),
      "\n# HELP simile_calls_rejected_total Calls refused because too many were waiting.\n"
      "# TYPE simile_calls_rejected_total counter\nsimile_calls_rejected_total ",
      rejected_.load(), "\n");
  const std::scoped_lock lock(mutex_);
  out +=
      "# HELP simile_calls_total Calls by method and code (0: success).\n"
      "# TYPE simile_calls_total counter\n";
  for (const auto& [name, method] : methods_) {
    for (const auto& [code, calls] : method.by_code) {
      out +=
          join_text("simile_calls_total{method=\"", name, "\",code=\"", code, "\"} ", calls, "\n");
    }
  }
  out +=
      "# HELP simile_call_seconds Time from arrival to answer.\n"
      "# TYPE simile_call_seconds histogram\n";
  for (const auto& [name, method] : methods_) {
    const std::string head = join_text("simile_call_seconds_bucket{method=\"", name, "\",le=\"");
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
      sum += method.buckets[i];
      out += join_text(head, kBounds[i], "\"} ", sum, "\n");
    }
    out += join_text(head, "+Inf\"} ", method.calls, "\n", "simile_call_seconds_sum{method=\"",
                     name, "\"} ", method.seconds, "\nsimile_call_seconds_count{method=\"", name,
                     "\"} ", method.calls, "\n");
  }
  return out;
}

}  // namespace simile::server
