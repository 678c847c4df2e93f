/// What is wrong with an expression, where, and what helps.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "simile/scalar/filter.h"
#include "simile/scalar/test_rows.h"

namespace simile::scalar {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class FilterError : public ::testing::Test {
 protected:
  std::string error_of(std::string_view expression) const {
    const auto filter = Filter::compile(expression, schema_, {&values_, {}});
    if (filter) return "fine";
    EXPECT_EQ(filter.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(filter.error().message.find('\n'), std::string::npos);
    return filter.error().message;
  }

  Schema schema_ = make_schema({{"id", "int64 primary key"},
                                {"label", "string"},
                                {"taken", "int32"},
                                {"flag", "bool"},
                                {"size", "double"},
                                {"j", "json nullable"},
                                {"a", "array<int64>"},
                                {"s", "array<string>"},
                                {"v", "float32[2] l2"}});
  TemplateValues values_ = {{"one", {std::int64_t{1}}},
                            {"nan", {std::numeric_limits<double>::quiet_NaN()}}};
};

TEST_F(FilterError, NamesUnknownFieldsAndTheKnownOnes) {
  EXPECT_EQ(
      error_of("labl == 'x'"),
      "filter: unknown field 'labl' at 1; known fields: id, label, taken, flag, size, j, a, s");
  EXPECT_THAT(error_of("$meta['x'] == 1"), HasSubstr("unknown field '$meta' at 1"));
}

TEST_F(FilterError, CountsCharactersNotBytes) {
  EXPECT_THAT(error_of("label == '猫ß' and labl == 1"), HasSubstr("'labl' at 19;"));
}

TEST_F(FilterError, SaysWhatTheTextLacks) {
  const std::pair<const char*, const char*> cases[] = {
      {"id = 1", "unknown sign '=' at 4; write == for equality"},
      {"id <> 1", "unknown sign '<>' at 4; write !="},
      {"id == 1 & id == 2", "unknown sign '&' at 9; write and, or"},
      {"j.a == 1", "unknown sign '.' at 2; write j[\"a\"]"},
      {"id == 1 ;", "unknown sign ';' at 9"},
      {"id == \x01", "a character that has no meaning at 7"},
      {"id ==", "the expression ends at 6; expected a value"},
      {"== 1", "unexpected '==' at 1; expected a value"},
      {"id == 1 id", "unexpected 'id' at 9; expected the end or and, or"},
      {"(id == 1", "the expression ends at 9; expected a closing parenthesis"},
      {"id == 1)", "unexpected ')' at 8"},
      {"()", "unexpected ')' at 2; expected a value"},
      {"id in 1", "the right-hand side of 'in' must be a list at 7; write x in [1, 2]"},
      {"id in not [1]", "not can only apply on boolean: invalid parameter at 7; write x not in"},
      {"id in [1 2]", "unexpected '2' at 10; expected a comma"},
      {"id in [1,", "the expression ends at 10"},
      {"id in [id]", "unexpected 'id' at 8; expected a constant"},
      {"id in [,]", "unexpected ',' at 8"},
      {"id not 5", "unexpected '5' at 8; expected in or like after not"},
      {"id is 5", "unexpected '5' at 7; expected null after is"},
      {"id == null", "null has no value at 7; write x is null"},
      {"label like 5", "after like comes a string at 12"},
      {"label like label", "unexpected 'label' at 12; expected a pattern in quotes"},
      {"j[] == 1", "unexpected ']' at 3; expected a key in quotes or a position"},
      {"j[-1] == 1", "unexpected '-' at 3"},
      {"j[1.5] == 1", "unexpected '1.5' at 3"},
      {"j['a' == 1", "unexpected '==' at 7; expected a closing bracket"},
      {"1 < taken > 5", "'>' cannot go on a chain at 11"},
      {"id == taken == 5", "'==' cannot go on a chain at 13"},
      {"contains(a, 1)", "unknown function 'contains' at 1; known: json_contains"},
      {"array_contains(a)", "unexpected ')' at 17; expected a comma"},
      {"array_contains(a, 1, 2)", "unexpected ',' at 20; expected a closing parenthesis"},
      {"array_contains_all(a, 1)", "ContainsAll operation element must be an array at 23"},
      {"array_length(5) == 1", "no field at 14"},
      {"id == $x", "unknown name '$x' at 7"},
      {"id == {two}", "variable name {two} is not found at 7; given: nan, one"},
      {"id == {nan}", "the value of {nan} cannot be compared at 7"},
      {"id == {", "a brace without a name and a closing brace at 7"},
      {"id == {one", "a brace without a name and a closing brace at 7"},
      {"label == 'x", "a string without its closing quote at 10"},
      {"label == 'x\\", "unknown escape '\\' at 12"},
      {"label == '\\q'", "unknown escape '\\q' at 11; write \\\\ for a backslash"},
      {"label == '\\x1'", "an escape wants 2 digits at 13"},
      {"label == '\\ud800'", "an escape that is no Unicode character at 11"},
      {"label == '\\U00110000'", "an escape that is no Unicode character"},
  };
  for (const auto& [expression, message] : cases) {
    EXPECT_THAT(error_of(expression), HasSubstr(message)) << expression;
  }
}

TEST_F(FilterError, RefusesNumbersThatAreNone) {
  for (const char* number : {"12ab", "0x", "0xg", "0b2", "0b", "08", "0o9", "1.2.3", "1e", "1e+",
                             "0z1", "1_000", "9223372036854775808", "18446744073709551616",
                             "0x10000000000000000", "1e999", "-9223372036854775809"}) {
    EXPECT_THAT(error_of("id == " + std::string(number)),
                AnyOf(HasSubstr("bad number"), HasSubstr("out of range")))
        << number;
  }
  for (const char* number :
       {"0", "00", "-0", "017", "0o17", "0xFF", "0XfF", "0b101", ".5", "5.", "1e5", "1E-5",
        "2.5e+3", "9223372036854775807", "-9223372036854775808", "- 5", "--5", "+5"}) {
    EXPECT_EQ(error_of("id == " + std::string(number)), "fine") << number;
  }
}

TEST_F(FilterError, RefusesWhatCanNeverBeTrueForItsType) {
  const std::pair<const char*, const char*> cases[] = {
      {"label < 5", "cannot compare 'label' (string) with 5 (integer) at 1"},
      {"5.5 == label", "cannot compare 5.5 (number) with 'label' (string) at 1"},
      {"taken == 'x'", "cannot compare 'taken' (integer) with 'x' (string) at 1"},
      {"flag == 1", "cannot compare 'flag' (bool) with 1 (integer)"},
      {"flag == label", "cannot compare 'flag' (bool) with 'label' (string)"},
      {"a[0] == 'x'", "cannot compare 'a' (integer) with 'x' (string)"},
      {"taken + 1 == 'x'", "cannot compare a value of type integer with 'x' (string)"},
      {"flag < true", "'<' has no meaning for bool at 1"},
      {"flag > flag", "'>' has no meaning for bool"},
      {"a < [1]", "field 'a' is an array at 1; write a[0]"},
      {"a == ['x']", "the list has 'x', which is never equal to an element of type int64"},
      {"a[0] == [1]", "a list cannot be compared at 1"},
      {"taken == [1]", "a list cannot be compared at 1"},
      {"j < [1]", "a list cannot be compared"},
      {"id in ['a' + 1]", "'+' calculates with numbers at 12"},
      {"id in [1 / 0]", "'/' has no result here at 10"},
      {"id in [-'a']", "'-' calculates with numbers at 8"},
      {"v == 1", "field 'v' is a vector at 1"},
      {"label[0] == 'x'", "field 'label' is string at 1; only JSON and arrays"},
      {"a['x'] == 1", "field 'a' is an array at 1; write one position"},
      {"a[0][1] == 1", "field 'a' is an array at 1; write one position"},
      {"label + 1 == 2", "'+' does not work on string at 1"},
      {"1 + flag == 2", "'+' does not work on bool at 5"},
      {"-label == 2", "'-' does not work on string at 2"},
      {"'a' + 'b' == 'ab'", "'+' does not work on string at 1"},
      {"taken like 'x'", "like does not work on integer at 1"},
      {"taken in ['x']", "the list has 'x', which is never equal to integer at 1"},
      {"label in ['x', 5]", "the list has 5, which is never equal to string"},
      {"flag in [1]", "the list has 1, which is never equal to bool"},
      {"taken in [[1]]", "the list has a list"},
      {"array_contains(a, 'x')",
       "the list has 'x', which is never equal to an element of type int64"},
      {"array_contains_any(s, ['x', 1])", "the list has 1"},
      {"array_contains(label, 'x')", "'label' is no array here at 16"},
      {"array_contains(a[0], 1)", "'a' is no array here"},
      {"array_length(flag) == 1", "'flag' is no array here"},
      {"taken", "a value of type integer stands where a condition is expected at 1"},
      {"label and flag", "a value of type string stands where a condition is expected at 1"},
      {"5", "a value of type integer"},
      {"j", "a value of type JSON stands where a condition is expected at 1; write x == true"},
      {"id == 1 and not j", "a value of type JSON stands where a condition is expected at 17"},
      {"taken + 1", "a value of type integer"},
      {"(id == 1) == true", "a condition stands where a value is expected at 2"},
      {"1 + (id == 1) == 2", "a condition stands where a value is expected at 6"},
      {"(id == 1) is null", "a condition stands where a value is expected"},
      {"(taken + 1) is null", "only a field, JSON or an element can be null"},
      {"exists 5", "only a field, JSON or an element can be null"},
  };
  for (const auto& [expression, message] : cases) {
    EXPECT_THAT(error_of(expression), HasSubstr(message)) << expression;
  }
}

TEST_F(FilterError, TakesASampleOnlyAtTheEnd) {
  for (const char* share : {"0", "1", "-9", "0.0", "1.0", "1.5", "1e-11", "'0.5'", "[0.5]"}) {
    EXPECT_THAT(error_of("random_sample(" + std::string(share) + ")"),
                HasSubstr("the sample factor should be between 0 and 1"))
        << share;
  }
  for (const char* text :
       {"random_sample(0.5) and id == 1", "random_sample(0.5) or id == 1",
        "id == 1 or random_sample(0.5)", "not random_sample(0.5)",
        "random_sample(0.5) and random_sample(0.5)", "(id == 1 or random_sample(0.5)) and flag"}) {
    EXPECT_THAT(error_of(text), HasSubstr("can only be the last expression")) << text;
  }
  for (const char* text : {"random_sample(0.5)", "(id == 1 and RANDOM_SAMPLE(.01))",
                           "id == 1 and (flag and random_sample(0.5))"}) {
    EXPECT_EQ(error_of(text), "fine") << text;
  }
  EXPECT_THAT(error_of("random_sample(0.5"), HasSubstr("expected a closing parenthesis"));
  EXPECT_THAT(error_of("random_sample(id)"), HasSubstr("expected a share of the rows"));
}

TEST_F(FilterError, RefusesHostileTextInLittleTime) {
  const auto repeated = [](std::string_view part, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += part;
    return text;
  };
  constexpr std::size_t kDeep = 10'000;
  const std::string deep[] = {
      repeated("(", kDeep) + "flag" + repeated(")", kDeep),
      repeated("(", 1'000'000),
      repeated("not ", kDeep) + "flag",
      repeated("!", 1'000'000),
      "id == " + repeated("-", kDeep) + "1",
      "id == " + repeated("2 ** ", kDeep) + "1",
      "id == 1" + repeated(" + taken", kDeep),
      repeated("exists ", kDeep) + "j",
      repeated("array_length(", kDeep) + "a",
      "json_contains(j, " + repeated("[", kDeep) + repeated("]", kDeep) + ")",
      "j" + repeated("[0]", kDeep) + " == 1",
  };
  for (const std::string& text : deep) {
    EXPECT_THAT(error_of(text), HasSubstr("nested too deep")) << text.substr(0, 20);
  }
  EXPECT_THAT(error_of("id == 1" + repeated(" or id == 1", 1'000'000)),
              HasSubstr("more than 262144 operators and operands"));
  EXPECT_THAT(error_of(std::string(kMaxFilterBytes + 1, ' ') + "flag"),
              HasSubstr("at most 16777216"));
  EXPECT_THAT(error_of("label == '\xFF'"), HasSubstr("not UTF-8"));
}

TEST_F(FilterError, TakesLongAndDeepTextWithinTheLimits) {
  std::string text = "id in [";
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i) + ",";
  EXPECT_EQ(error_of(text + "]"), "fine");
  EXPECT_EQ(error_of("label == '" + std::string(1'000'000, 'x') + "'"), "fine");
  EXPECT_EQ(error_of(std::string(200, '(') + "flag" + std::string(200, ')')), "fine");
  text = "id == 1";
  for (int i = 0; i < 50'000; ++i) text += " or id == 1";
  EXPECT_EQ(error_of(text), "fine");
}

}  // namespace
}  // namespace simile::scalar
