#include "simile/server/tracing/tracer.h"

#include <httplib.h>

#include <chrono>
#include <random>

#include "simile/base/text.h"
#include "simile/server/log.h"

namespace simile::server {

namespace {

constexpr std::size_t kQueueMax = 8'192;
constexpr std::size_t kBatchMax = 512;
constexpr std::chrono::milliseconds kPeriod{1'000};

/// A number from 0 to 1.
double chance() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(random);
}

}  // namespace

/// The place that spans are sent to.
struct Tracer::Collector {
  std::string origin;  ///< http://host:port
  std::string path;
  std::unique_ptr<httplib::Client> client;
};

TracingOptions tracing_options(const std::string& endpoint, double ratio,
                               const char* (*environment)(const char* name)) {
  TracingOptions options{.endpoint = endpoint, .ratio = ratio};
  const auto value = [&](const char* name) {
    const char* text = environment(name);
    return std::string(text == nullptr ? "" : text);
  };
  if (options.endpoint.empty()) options.endpoint = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  if (options.endpoint.empty()) {
    std::string base = value("OTEL_EXPORTER_OTLP_ENDPOINT");
    while (base.ends_with('/')) base.pop_back();
    if (!base.empty()) options.endpoint = base + "/v1/traces";
  }
  if (const std::string name = value("OTEL_SERVICE_NAME"); !name.empty()) options.service = name;
  return options;
}

Result<std::unique_ptr<Tracer>> Tracer::start(const TracingOptions& options) {
  const std::string& endpoint = options.endpoint;
  const bool known = endpoint.starts_with("http://") || endpoint.starts_with("https://");
  const std::size_t host = endpoint.find("://") + 3;
  const std::size_t slash = endpoint.find('/', host);
  if (!known || host >= endpoint.size() || slash == host) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("setting otlp_endpoint is '", endpoint,
                          "'; it must be an address such as http://127.0.0.1:4318/v1/traces"));
  }
  auto collector = std::make_unique<Collector>();
  collector->origin = endpoint.substr(0, slash);
  collector->path = slash == std::string::npos ? "/v1/traces" : endpoint.substr(slash);
  collector->client = std::make_unique<httplib::Client>(collector->origin);
  if (!collector->client->is_valid()) {
    return fail(ErrorCode::kInvalidArgument, join_text("setting otlp_endpoint is '", endpoint,
                                                       "', whose host or port is wrong"));
  }
  collector->client->set_connection_timeout(1);
  collector->client->set_read_timeout(2);
  collector->client->set_write_timeout(2);
  collector->client->set_keep_alive(true);
  return std::unique_ptr<Tracer>(new Tracer(options, std::move(collector)));
}

Tracer::Tracer(TracingOptions options, std::unique_ptr<Collector> collector)
    : options_(std::move(options)), collector_(std::move(collector)), thread_([this] { run(); }) {}

Tracer::~Tracer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

std::optional<Span> Tracer::begin(std::string_view traceparent, Span::Clock::time_point begin) {
  const std::optional<TraceParent> parent = parse_traceparent(traceparent);
  const bool sampled = parent ? parent->sampled : options_.ratio >= 1 || chance() < options_.ratio;
  if (!sampled) return std::nullopt;
  Span span;
  span.trace = parent ? parent->trace : new_trace_id();
  span.id = new_span_id();
  if (parent) span.parent = parent->span;
  span.begin = begin;
  return span;
}

void Tracer::record(Span span) {
  bool full = false;
  {
    const std::scoped_lock lock(mutex_);
    if (queue_.size() >= kQueueMax) {
      ++dropped_;
      return;
    }
    queue_.push_back(std::move(span));
    full = queue_.size() == kBatchMax;
  }
  if (full) wake_.notify_one();
}

void Tracer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait_for(lock, kPeriod, [&] { return stopping_ || queue_.size() >= kBatchMax; });
    const bool last = stopping_;
    std::vector<Span> all;
    all.swap(queue_);
    lock.unlock();
    if (last) {
      collector_->client->set_connection_timeout(1);
      collector_->client->set_read_timeout(1);
    }
    for (std::size_t at = 0; at < all.size(); at += kBatchMax) {
      const std::size_t end = std::min(all.size(), at + kBatchMax);
      // A collector that is gone is not waited for once more while the server stops.
      if (last && failing_ && at != 0) {
        dropped_ += all.size() - at;
        break;
      }
      send({std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(at)),
            std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(end))});
    }
    if (last) return;
    lock.lock();
  }
}

void Tracer::send(const std::vector<Span>& spans) {
  const auto answer = collector_->client->Post(collector_->path, otlp_json(spans, options_.service),
                                               "application/json");
  const bool taken = answer && answer->status >= 200 && answer->status < 300;
  (taken ? exported_ : dropped_) += spans.size();
  if (!taken && !failing_) {
    log_event(LogLevel::kWarning, "traces_dropped",
              {{"endpoint", options_.endpoint},
               {"reason",
                answer ? join_text("HTTP ", answer->status) : httplib::to_string(answer.error())}});
  }
  if (taken && failing_)
    log_event(LogLevel::kInfo, "traces_sent", {{"endpoint", options_.endpoint}});
  failing_ = !taken;
}

}  // namespace simile::server
