#pragma once
/// What a trace tells of one call, in the terms of OpenTelemetry.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace simile::server {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

/// Who called: the header `traceparent` of W3C Trace Context.
struct TraceParent {
  TraceId trace{};
  SpanId span{};
  bool sampled = false;
};

/// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"; nothing where the text is no such
/// thing, as the standard has it: then the call begins a trace of its own.
std::optional<TraceParent> parse_traceparent(std::string_view text);

struct Attribute {
  std::string key;
  std::variant<std::string, std::int64_t, double> value;
};

struct Span {
  using Clock = std::chrono::system_clock;

  TraceId trace{};
  SpanId id{};
  std::optional<SpanId> parent;
  std::string name;
  Clock::time_point begin;
  Clock::time_point end;
  std::vector<Attribute> attributes;
  bool failed = false;
};

/// Random, and not all zero.
TraceId new_trace_id();
SpanId new_span_id();

/// Spans as the JSON body of an OTLP/HTTP export.
std::string otlp_json(const std::vector<Span>& spans, const std::string& service);

}  // namespace simile::server
