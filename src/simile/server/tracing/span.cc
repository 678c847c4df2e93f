#include "simile/server/tracing/span.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

namespace simile::server {

namespace {

using Json = nlohmann::ordered_json;

std::optional<int> digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;  // the standard knows lower case only
  return std::nullopt;
}

template <std::size_t n>
std::optional<std::array<std::uint8_t, n>> from_hex(std::string_view text) {
  std::array<std::uint8_t, n> bytes{};
  if (text.size() != 2 * n) return std::nullopt;
  for (std::size_t i = 0; i < n; ++i) {
    const auto high = digit(text[2 * i]);
    const auto low = digit(text[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(*high * 16 + *low);
  }
  return bytes;
}

template <std::size_t n>
std::string to_hex(const std::array<std::uint8_t, n>& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

template <std::size_t n>
bool is_zero(const std::array<std::uint8_t, n>& bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

template <std::size_t n>
std::array<std::uint8_t, n> random_bytes() {
  thread_local std::mt19937_64 random = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  std::array<std::uint8_t, n> bytes{};
  do {
    for (std::size_t i = 0; i < n; i += 8) {
      const std::uint64_t value = random();
      for (std::size_t j = 0; j < 8; ++j)
        bytes[i + j] = static_cast<std::uint8_t>(value >> (8 * j));
    }
  } while (is_zero(bytes));
  return bytes;
}

std::string nanoseconds(Span::Clock::time_point moment) {
  using std::chrono::nanoseconds;
  return std::to_string(std::chrono::duration_cast<nanoseconds>(moment.time_since_epoch()).count());
}

Json to_json(const Attribute& attribute) {
  Json value;
  if (const auto* text = std::get_if<std::string>(&attribute.value)) value["stringValue"] = *text;
  // 64 bits are texts in the JSON of protobuf.
  if (const auto* whole = std::get_if<std::int64_t>(&attribute.value)) {
    value["intValue"] = std::to_string(*whole);
  }
  if (const auto* real = std::get_if<double>(&attribute.value)) value["doubleValue"] = *real;
  return {{"key", attribute.key}, {"value", value}};
}

Json to_json(const Span& span) {
  constexpr int kServer = 2;
  constexpr int kError = 2;
  Json json = {{"traceId", to_hex(span.trace)}, {"spanId", to_hex(span.id)}};
  if (span.parent) json["parentSpanId"] = to_hex(*span.parent);
  json["name"] = span.name;
  json["kind"] = kServer;
  json["startTimeUnixNano"] = nanoseconds(span.begin);
  json["endTimeUnixNano"] = nanoseconds(span.end);
  json["attributes"] = Json::array();
  for (const Attribute& each : span.attributes) json["attributes"].push_back(to_json(each));
  json["status"] = span.failed ? Json{{"code", kError}} : Json::object();
  return json;
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view text) {
  constexpr std::size_t kLength = 55;
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') {
    return std::nullopt;
  }
  const auto version = from_hex<1>(text.substr(0, 2));
  const auto trace = from_hex<16>(text.substr(3, 32));
  const auto span = from_hex<8>(text.substr(36, 16));
  const auto flags = from_hex<1>(text.substr(53, 2));
  if (!version || !trace || !span || !flags || is_zero(*trace) || is_zero(*span)) {
    return std::nullopt;
  }
  constexpr std::uint8_t kForbidden = 0xFF;
  if ((*version)[0] == kForbidden) return std::nullopt;
  // What later versions put behind it begins with another '-'.
  const bool longer = text.size() > kLength;
  if (longer && ((*version)[0] == 0 || text[kLength] != '-')) return std::nullopt;
  return TraceParent{.trace = *trace, .span = *span, .sampled = ((*flags)[0] & 1) != 0};
}

TraceId new_trace_id() { return random_bytes<16>(); }
SpanId new_span_id() { return random_bytes<8>(); }

std::string otlp_json(const std::vector<Span>& spans, const std::string& service) {
  Json list = Json::array();
  for (const Span& span : spans) list.push_back(to_json(span));
  Json resource;
  resource["attributes"] =
      Json::array({to_json(Attribute{"service.name", service}),
                   to_json(Attribute{"service.version", std::string(SIMILE_VERSION)})});
  Json scoped;
  scoped["scope"] = {{"name", "simile"}, {"version", SIMILE_VERSION}};
  scoped["spans"] = std::move(list);
  Json group;
  group["resource"] = std::move(resource);
  group["scopeSpans"] = Json::array({std::move(scoped)});
  Json whole;
  whole["resourceSpans"] = Json::array({std::move(group)});
  return whole.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace simile::server
