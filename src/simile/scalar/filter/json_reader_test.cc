/// The two ways to a value, forward and through a tree, must agree: a text with an escape anywhere
/// takes the second.

#include "simile/scalar/filter/json_reader.h"

#include <gtest/gtest.h>

namespace simile::scalar::filter {
namespace {

std::string show(const Scalar& value) {
  switch (value.kind) {
    case Kind::kNull: return "null";
    case Kind::kBool: return value.truth ? "true" : "false";
    case Kind::kInt: return "int " + std::to_string(value.integer);
    case Kind::kDouble: return "double " + std::to_string(value.number);
    case Kind::kString: return "'" + std::string(value.text) + "'";
    case Kind::kOther: return "other";
  }
  return "";
}

class JsonPathTest : public ::testing::Test {
 protected:
  std::string find(const std::string& text, const JsonPath& path) {
    return show(reader_.find(text, path, arena_));
  }
  JsonReader reader_;
  Arena arena_;
};

TEST_F(JsonPathTest, ReadsEveryKindOfValueBothWays) {
  const std::pair<const char*, const char*> values[] = {
      {"0", "int 0"},
      {"-4", "int -4"},
      {"9223372036854775807", "int 9223372036854775807"},
      {"-9223372036854775808", "int -9223372036854775808"},
      {"9223372036854775808", "double 9223372036854775808.000000"},
      {"18446744073709551615", "double 18446744073709551616.000000"},
      {"9223372036854775808.0", "double 9223372036854775808.000000"},
      {"123456789012345678901234.5", "double 123456789012345685803008.000000"},
      {"1.5e3", "double 1500.000000"},
      {"-0.25", "double -0.250000"},
      {"1E2", "double 100.000000"},
      {"true", "true"},
      {"false", "false"},
      {"null", "null"},
      {"\"\"", "''"},
      {"\"ß\"", "'ß'"},
      {"[1]", "other"},
      {"{}", "other"}};
  for (const auto& [json, shown] : values) {
    const std::string text = std::string("{\"a\": [[], ") + json + "], \"b\": " + json + "}";
    const std::string escaped = std::string("{\"\\n\": 0, ") + text.substr(1);
    for (const std::string& one : {text, escaped}) {
      EXPECT_EQ(find(one, {"a", std::size_t{1}}), shown) << one;
      EXPECT_EQ(find(one, {"b"}), shown) << one;
    }
    EXPECT_EQ(find(json, {}), shown);
  }
}

TEST_F(JsonPathTest, LeadsNowhereWhereAStepDoesNotFit) {
  const std::string text = R"({"a": {"b": [1]}, "0": 5})";
  const std::string escaped = R"({"a": {"b": [1]}, "0": 5, "\t": 0})";
  for (const std::string& one : {text, escaped}) {
    for (const JsonPath& path :
         {JsonPath{"c"}, JsonPath{std::size_t{0}}, JsonPath{"a", std::size_t{0}},
          JsonPath{"a", "b", std::size_t{1}}, JsonPath{"a", "b", "0"},
          JsonPath{"a", "b", std::size_t{0}, "x"}, JsonPath{"0", "x"}}) {
      EXPECT_EQ(find(one, path), "null") << one;
    }
    EXPECT_EQ(find(one, {"0"}), "int 5");
    EXPECT_EQ(find(one, {"a", "b", std::size_t{0}}), "int 1");
  }
  EXPECT_EQ(find("5", {"a"}), "null");
  EXPECT_EQ(find("", {"a"}), "null");
}

TEST_F(JsonPathTest, ComparesKeysWithEscapesByWhatTheyMean) {
  EXPECT_EQ(find(R"({"a\"b": 1})", {"a\"b"}), "int 1");
  EXPECT_EQ(find(R"({"\u0061": 1})", {"a"}), "int 1");
  EXPECT_EQ(find(R"({"a": "x\ny"})", {"a"}), "'x\ny'");
  EXPECT_EQ(find(R"({"a": 1, "a": 2})", {"a"}), "int 1");
}

TEST_F(JsonPathTest, SurvivesEveryCutAndChangedByte) {
  const std::string text = R"({"a": {"b": [1, -2.5e1, "x", true, null]}, "ß": "ü"})";
  const JsonPath path = {"a", "b", std::size_t{1}};
  for (std::size_t size = 0; size <= text.size(); ++size) find(text.substr(0, size), path);
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[at] = static_cast<char>(byte);
      find(changed, path);
      find(changed, {"ß"});
      reader_.array_length(changed, {"a", "b"});
    }
  }
}

}  // namespace
}  // namespace simile::scalar::filter
