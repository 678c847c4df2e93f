#pragma once
/// The span of a call: what it is named, what it tells.

#include <optional>
#include <string>
#include <string_view>

#include "simile/server/call_context.h"
#include "simile/server/tracing/tracer.h"

namespace simile::server {

struct CallTimes {
  double queue_seconds = 0;   ///< from its arrival until a thread took it
  double engine_seconds = 0;  ///< while it ran; of searches that ran together, all of them
};

/// Nothing where the call is not traced. `system` is "grpc" or "http".
std::optional<Span> begin_span(Tracer& tracer, std::string_view system, const std::string& method,
                               std::string_view traceparent);
void note_call(Span& span, const CallContext& context, const CallTimes& times);
/// `code` is that of the answer, 0 for success.
void end_span(Span& span, int code);

/// How many spans were sent and dropped, as Prometheus reads it; empty without a tracer.
std::string trace_metrics(const Tracer* tracer);

}  // namespace simile::server
