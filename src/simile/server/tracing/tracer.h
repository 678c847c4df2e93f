#pragma once
/// Makes spans of calls and sends them to a collector of OpenTelemetry, by OTLP over HTTP as JSON.
///
///   1. record() puts a span into a queue of bounded length and returns: a call never waits for the
///      collector. Where the queue is full, the span is dropped and counted.
///   2. A thread sends what is there every second, or when a batch is full.
///   3. Where the collector does not take it, the batch is dropped, and the first of a series of
///      failures is logged.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "simile/error.h"
#include "simile/server/tracing/span.h"

namespace simile::server {

struct TracingOptions {
  std::string endpoint;  ///< http://host:port/path, or https://; empty: there are no traces
  std::string service = "simile";
  double ratio = 1;  ///< of calls that no caller has decided about
};

/// The collector's address and the service's name from the standard's own variables:
/// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT as it is, or OTEL_EXPORTER_OTLP_ENDPOINT and /v1/traces;
/// OTEL_SERVICE_NAME. `endpoint`, the server's own setting, goes before both.
TracingOptions tracing_options(const std::string& endpoint, double ratio,
                               const char* (*environment)(const char* name));

/// Thread rule: any call from any thread.
class Tracer {
 public:
  /// kInvalidArgument where the endpoint is no address.
  static Result<std::unique_ptr<Tracer>> start(const TracingOptions& options);
  /// Sends what is left, for two seconds at most.
  ~Tracer();

  /// A span that has begun at `begin`, or nothing where the call is not to be traced: its caller
  /// says so in `traceparent`, or it has none and chance says so.
  std::optional<Span> begin(std::string_view traceparent, Span::Clock::time_point begin);
  void record(Span span);

  struct Counts {
    std::uint64_t exported = 0;
    std::uint64_t dropped = 0;
  };
  Counts counts() const { return {exported_, dropped_}; }

 private:
  struct Collector;
  Tracer(TracingOptions options, std::unique_ptr<Collector> collector);
  void run();
  void send(const std::vector<Span>& spans);

  const TracingOptions options_;
  const std::unique_ptr<Collector> collector_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Span> queue_;
  bool stopping_ = false;
  bool failing_ = false;  // of the sending thread
  std::atomic<std::uint64_t> exported_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::thread thread_;
};

}  // namespace simile::server
