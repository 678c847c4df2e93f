#include <gtest/gtest.h>
#include <httplib.h>

#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "simile/server/tracing/tracer.h"

namespace simile::server {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceParentText, IsReadAsTheStandardHasIt) {
  const auto parent = parse_traceparent(kParent);
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->trace[0], 0x4b);
  EXPECT_EQ(parent->trace[15], 0x36);
  EXPECT_EQ(parent->span[7], 0xb7);
  EXPECT_TRUE(parent->sampled);
  const std::string text(kParent);
  EXPECT_FALSE(parse_traceparent(text.substr(0, 53) + "00")->sampled);
  EXPECT_TRUE(parse_traceparent("cc" + text.substr(2) + "-what-comes-later"));
  const std::vector<std::string> all_wrong = {
      "",
      text.substr(1),
      text + "-later",
      text + "x",
      "ff" + text.substr(2),
      "00-" + std::string(32, '0') + text.substr(35),
      text.substr(0, 36) + "0000000000000000-01",
      "00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
  for (const std::string& wrong : all_wrong) {
    EXPECT_FALSE(parse_traceparent(wrong)) << wrong;
  }
}

TEST(OtlpJson, HasTheFormOfTheProtocol) {
  Span span;
  span.trace = parse_traceparent(kParent)->trace;
  span.id = parse_traceparent(kParent)->span;
  span.parent = span.id;
  span.name = "Search";
  span.begin = Span::Clock::time_point(std::chrono::seconds(1));
  span.end = span.begin + std::chrono::milliseconds(5);
  span.attributes = {{"a", std::string("\xFF text")}, {"b", std::int64_t{7}}, {"c", 0.5}};
  span.failed = true;
  const Json json = Json::parse(otlp_json({span}, "name"));
  const Json& group = json["resourceSpans"][0];
  EXPECT_EQ(group["resource"]["attributes"][0]["value"]["stringValue"], "name");
  const Json& sent = group["scopeSpans"][0]["spans"][0];
  EXPECT_EQ(sent["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(sent["spanId"], "00f067aa0ba902b7");
  EXPECT_EQ(sent["parentSpanId"], sent["spanId"]);
  EXPECT_EQ(sent["kind"], 2);
  EXPECT_EQ(sent["startTimeUnixNano"], "1000000000");
  EXPECT_EQ(sent["endTimeUnixNano"], "1005000000");
  EXPECT_EQ(sent["attributes"][1]["value"]["intValue"], "7");
  EXPECT_EQ(sent["attributes"][2]["value"]["doubleValue"], 0.5);
  EXPECT_EQ(sent["status"]["code"], 2);
}

TEST(TracingSettings, ComeFromTheSettingOrTheStandardsVariables) {
  static std::map<std::string, std::string> variables;
  const auto environment = [](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  EXPECT_EQ(tracing_options("", 1, environment).endpoint, "");
  variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://a:4318/";
  variables["OTEL_SERVICE_NAME"] = "mine";
  EXPECT_EQ(tracing_options("", 1, environment).endpoint, "http://a:4318/v1/traces");
  EXPECT_EQ(tracing_options("", 1, environment).service, "mine");
  variables["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = "http://b/own";
  EXPECT_EQ(tracing_options("", 1, environment).endpoint, "http://b/own");
  EXPECT_EQ(tracing_options("http://c", 1, environment).endpoint, "http://c");
}

TEST(Tracer, RefusesWhatIsNoAddress) {
  for (const char* endpoint : {"4318", "ftp://a", "http://", "http:///v1/traces"}) {
    const auto tracer = Tracer::start({.endpoint = endpoint});
    ASSERT_FALSE(tracer) << endpoint;
    EXPECT_NE(tracer.error().message.find("otlp_endpoint"), std::string::npos);
  }
}

TEST(Tracer, CallersDecideWhetherACallIsTraced) {
  const auto tracer = Tracer::start({.endpoint = "http://127.0.0.1:1", .ratio = 0}).value();
  const auto now = Span::Clock::now();
  EXPECT_FALSE(tracer->begin("", now));
  EXPECT_TRUE(tracer->begin(kParent, now));
  EXPECT_FALSE(tracer->begin(std::string(kParent.substr(0, 53)) + "00", now));
  const auto always = Tracer::start({.endpoint = "http://127.0.0.1:1"}).value();
  const auto span = always->begin("nonsense", now);
  ASSERT_TRUE(span);
  EXPECT_FALSE(span->parent);
  EXPECT_NE(span->trace, always->begin("", now)->trace);
}

TEST(Tracer, SendsEverythingBeforeItIsGone) {
  httplib::Server collector;
  std::size_t spans = 0;
  collector.Post("/v1/traces", [&](const httplib::Request& request, httplib::Response&) {
    const Json json = Json::parse(request.body);
    spans += json["resourceSpans"][0]["scopeSpans"][0]["spans"].size();
  });
  const int port = collector.bind_to_any_port("127.0.0.1");
  std::jthread serving([&] { collector.listen_after_bind(); });
  {
    const auto tracer =
        Tracer::start({.endpoint = "http://127.0.0.1:" + std::to_string(port)}).value();
    for (int i = 0; i < 2'000; ++i) tracer->record(*tracer->begin("", Span::Clock::now()));
  }
  collector.stop();
  serving.join();
  EXPECT_EQ(spans, 2'000U);
}

TEST(Tracer, DropsWhatNobodyTakes) {
  const auto tracer = Tracer::start({.endpoint = "http://127.0.0.1:1/v1/traces"}).value();
  constexpr std::uint64_t kSpans = 50'000;
  for (std::uint64_t i = 0; i < kSpans; ++i) {
    tracer->record(*tracer->begin("", Span::Clock::now()));
  }
  EXPECT_EQ(tracer->counts().exported, 0U);
  EXPECT_LE(tracer->counts().dropped, kSpans);
}

}  // namespace
}  // namespace simile::server
