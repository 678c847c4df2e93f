#include "simile/server/tracing/call_span.h"

#include "simile/base/text.h"
#include "simile/server/catalog.h"

namespace simile::server {

std::optional<Span> begin_span(Tracer& tracer, std::string_view system, const std::string& method,
                               std::string_view traceparent) {
  std::optional<Span> span = tracer.begin(traceparent, Span::Clock::now());
  if (!span) return span;
  span->name = method;
  span->attributes.push_back({"rpc.system", std::string(system)});
  span->attributes.push_back({"rpc.method", method});
  span->attributes.push_back({"db.system.name", std::string("simile")});
  return span;
}

void note_call(Span& span, const CallContext& context, const CallTimes& times) {
  auto& attributes = span.attributes;
  attributes.push_back({"db.namespace", context.database.empty() ? std::string(kDefaultDatabase)
                                                                 : context.database});
  if (!context.notes.collection.empty()) {
    attributes.push_back({"db.collection.name", context.notes.collection});
  }
  if (context.notes.rows >= 0) attributes.push_back({"simile.rows", context.notes.rows});
  attributes.push_back({"simile.queue_seconds", times.queue_seconds});
  attributes.push_back({"simile.engine_seconds", times.engine_seconds});
}

void end_span(Span& span, int code) {
  span.end = Span::Clock::now();
  span.attributes.push_back({"simile.code", std::int64_t{code}});
  span.failed = code != 0;
}

std::string trace_metrics(const Tracer* tracer) {
  if (tracer == nullptr) return {};
  const Tracer::Counts counts = tracer->counts();
  return join_text(
      "# HELP simile_trace_spans_total Spans that the collector of traces took, or that were "
      "dropped.\n# TYPE simile_trace_spans_total counter\n",
      "simile_trace_spans_total{result=\"exported\"} ", counts.exported,
      "\nsimile_trace_spans_total{result=\"dropped\"} ", counts.dropped, "\n");
}

}  // namespace simile::server
