#include "simile/server/metrics.h"

#include <algorithm>

#include "simile/base/text.h"

namespace simile::server {

void Metrics::observe(std::string_view method, double seconds, int code) {
  const auto bucket = std::ranges::lower_bound(kBounds, seconds) - kBounds.begin();
  const std::scoped_lock lock(mutex_);
  auto found = methods_.find(method);
  if (found == methods_.end()) found = methods_.emplace(std::string(method), Method{}).first;
  Method& entry = found->second;
  ++entry.buckets[static_cast<std::size_t>(bucket)];
  entry.seconds += seconds;
  ++entry.calls;
  ++entry.by_code[code];
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
