/// What expressions mean, on rows that can be checked by eye.

#include "simile/scalar/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "simile/scalar/test_source.h"

namespace simile::scalar {
namespace {

using ::testing::HasSubstr;
using Rows = std::vector<std::size_t>;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

/// Row:     0         1        2        3          4
/// id       10        20       30       40         50
/// n        kMin      kMax     2^53+1   null       0
/// small    -128      127      0        null       5
/// f        0.1       -0.5     2^24     null       1e30
/// d        0.1       2^53     -1e300   null       5
/// flag     true      false    true     null       false
/// label    'cat'     'Cat'    ''       null       '猫 10%'
/// a        [1 2 3]   []       [5]      null       [-1 5 5]
/// s        [x y]     []       [ß]      null       [x]
/// j        see below                   null
class FilterMeaning : public ::testing::Test {
 protected:
  FilterMeaning()
      : schema_(make_schema({{"id", "int64 primary key"},
                             {"n", "int64 nullable"},
                             {"small", "int8 nullable"},
                             {"f", "float nullable"},
                             {"d", "double nullable"},
                             {"flag", "bool nullable"},
                             {"label", "string nullable"},
                             {"a", "array<int32> nullable"},
                             {"s", "array<string> nullable"},
                             {"j", "json nullable"},
                             {"v", "float32[2] l2"}})),
        source_(schema_) {
    for (const std::int64_t id : {10, 20, 30, 40, 50}) source_["id"].push(id);
    push("n", {kMin, kMax, (std::int64_t{1} << 53) + 1, std::int64_t{0}});
    push("small", std::vector<std::int8_t>{-128, 127, 0, 5});
    push("f", {0.1F, -0.5F, 16'777'216.0F, 1e30F});
    push("d", {0.1, 9'007'199'254'740'992.0, -1e300, 5.0});
    push("flag", std::vector<std::uint8_t>{1, 0, 1, 0});
    push("label", std::vector<std::string>{"cat", "Cat", "", "猫 10%"});
    push_arrays<std::int32_t>("a", {{1, 2, 3}, {}, {5}, {-1, 5, 5}});
    push_arrays<std::string>("s", {{"x", "y"}, {}, {"ß"}, {"x"}});
    push("j", std::vector<std::string>{
                  R"({"a": {"b": [1, 2.5, "x"]}, "k": 5, "big": 9223372036854775807, "t": true})",
                  R"({"k": "5", "a": null, "t": false, "quote\"d": 1, "e": {}})",
                  R"([7, [1, 2], {"k": 1}])", R"({"k": 5.0, "l": [], "a": {"b": [[1, 2], 3]}})"});
    source_.finish();
    sealed_ = std::make_unique<SealedSource>(source_);
  }

  template <class T>
  void push(const std::string& field, const std::vector<T>& values) {
    for (std::size_t i = 0; i < 4; ++i) {
      if (i == 3) source_[field].push_null();
      source_[field].push(values[i]);
    }
  }
  template <class T>
  void push(const std::string& field, std::initializer_list<T> values) {
    push(field, std::vector<T>(values));
  }
  template <class T>
  void push_arrays(const std::string& field, const std::vector<std::vector<T>>& values) {
    for (std::size_t i = 0; i < 4; ++i) {
      if (i == 3) source_[field].push_null();
      source_[field].push_array(values[i]);
    }
  }

  Rows select(std::string_view expression) {
    const auto filter = Filter::compile(expression, schema_, {&values_, "j"});
    EXPECT_TRUE(filter.has_value()) << filter.error().message;
    if (!filter) return {999};
    const auto growing = filter->evaluate(source_, source_.rows());
    const auto sealed = filter->evaluate(*sealed_, source_.rows());
    EXPECT_TRUE(growing.has_value() && sealed.has_value());
    EXPECT_EQ(*growing, *sealed) << expression;
    return rows_of(*growing);
  }

  Schema schema_;
  TestSource source_;
  std::unique_ptr<SealedSource> sealed_;
  TemplateValues values_;
};

TEST_F(FilterMeaning, SelectsAllRowsWithoutAnExpression) {
  EXPECT_EQ(select(""), (Rows{0, 1, 2, 3, 4}));
  EXPECT_EQ(select(" \t\n"), (Rows{0, 1, 2, 3, 4}));
  EXPECT_TRUE(Filter::compile(" ", schema_)->selects_all());
  EXPECT_EQ(select("true"), (Rows{0, 1, 2, 3, 4}));
  EXPECT_EQ(select("false"), Rows{});
  EXPECT_EQ(select("1 < 2 and 'a' != 'b'"), (Rows{0, 1, 2, 3, 4}));
}

TEST_F(FilterMeaning, LooksAtTheRowsAskedForOnly) {
  const auto filter = Filter::compile("id >= 20", schema_).value();
  Bitmap only(5);
  only.set(0);
  only.set(2);
  EXPECT_EQ(rows_of(filter.evaluate(source_, 5, &only).value()), Rows{2});
  EXPECT_EQ(rows_of(Filter::compile("", schema_)->evaluate(source_, 5, &only).value()),
            (Rows{0, 2}));
  // Fewer rows than the columns hold: a snapshot of a growing segment.
  EXPECT_EQ(filter.evaluate(source_, 2).value().size(), 2u);
}

TEST_F(FilterMeaning, ComparesIntegersWithoutRounding) {
  // 2^53 + 1 has no double.
  EXPECT_EQ(select("n == 9007199254740993"), Rows{2});
  EXPECT_EQ(select("n == 9007199254740992"), Rows{});
  EXPECT_EQ(select("n > 9007199254740992.0"), (Rows{1, 2}));
  EXPECT_EQ(select("n == 9007199254740992.0"), Rows{});
  EXPECT_EQ(select("n > d"), (Rows{1, 2}));
  EXPECT_EQ(select("n < 9223372036854775808.0"), (Rows{0, 1, 2, 4}));
  EXPECT_EQ(select("n >= 9223372036854775808.0"), Rows{});
  EXPECT_EQ(select("n == 9223372036854775807"), Rows{1});
  EXPECT_EQ(select("n == -9223372036854775808"), Rows{0});
  EXPECT_EQ(select("n <= -9223372036854775808.0"), Rows{0});
  EXPECT_EQ(select("n < -9223372036854775808"), Rows{});
  EXPECT_EQ(select("n > 9223372036854775807"), Rows{});
  EXPECT_EQ(select("n != 9223372036854775807"), (Rows{0, 2, 4}));
  EXPECT_EQ(select("j['big'] == 9223372036854775807"), Rows{0});
  EXPECT_EQ(select("j['big'] < 9223372036854775807"), Rows{});
  EXPECT_EQ(select("j['big'] == n"), Rows{});
  EXPECT_EQ(select("n in [9007199254740992, 9007199254740992.0, 0.0]"), Rows{4});
}

TEST_F(FilterMeaning, ComparesNarrowIntegersWithAnyNumber) {
  EXPECT_EQ(select("small < 1000"), (Rows{0, 1, 2, 4}));
  EXPECT_EQ(select("small > 1000"), Rows{});
  EXPECT_EQ(select("small != 1000"), (Rows{0, 1, 2, 4}));
  EXPECT_EQ(select("small == 128"), Rows{});
  EXPECT_EQ(select("small > 4.5"), (Rows{1, 4}));
  EXPECT_EQ(select("small >= 4.5 and small <= 5.5"), Rows{4});
  EXPECT_EQ(select("small == 5.0"), Rows{4});
  EXPECT_EQ(select("small == 5.5"), Rows{});
  EXPECT_EQ(select("not small == 5.5"), (Rows{0, 1, 2, 4}));
  EXPECT_EQ(select("small > -1e300 and small < 1e300"), (Rows{0, 1, 2, 4}));
}

TEST_F(FilterMeaning, RoundsFloatingPointConstantsForFloatFields) {
  EXPECT_EQ(select("f == 0.1"), Rows{0});
  EXPECT_EQ(select("f <= 0.1"), (Rows{0, 1}));
  EXPECT_EQ(select("f < 0.1"), Rows{1});
  EXPECT_EQ(select("f in [0.1, -0.5]"), (Rows{0, 1}));
  EXPECT_EQ(select("-f == -0.1"), Rows{0});
  EXPECT_EQ(select("d == 0.1"), Rows{0});
  // Integers are not rounded: 2^24 + 1 has no float32.
  EXPECT_EQ(select("f == 16777217"), Rows{});
  EXPECT_EQ(select("f < 16777217 and f > 16777215"), Rows{2});
  EXPECT_EQ(select("f >= 16777217"), Rows{4});
  EXPECT_EQ(select("f < 1e300"), (Rows{0, 1, 2, 4}));
  EXPECT_EQ(select("f > -1e300"), (Rows{0, 1, 2, 4}));
  EXPECT_EQ(select("f == 1e300"), Rows{});
}

TEST_F(FilterMeaning, IsUnknownWhereAValueIsNull) {
  EXPECT_EQ(select("flag"), (Rows{0, 2}));
  EXPECT_EQ(select("not flag"), (Rows{1, 4}));
  EXPECT_EQ(select("flag or not flag"), (Rows{0, 1, 2, 4}));
  EXPECT_EQ(select("flag is null"), Rows{3});
  EXPECT_EQ(select("flag IS NOT NULL"), (Rows{0, 1, 2, 4}));
  EXPECT_EQ(select("not (flag is null)"), (Rows{0, 1, 2, 4}));
  // Unknown or true is true; not (unknown and false) is true.
  EXPECT_EQ(select("flag or id == 40"), (Rows{0, 2, 3}));
  EXPECT_EQ(select("not (flag and id == 50)"), (Rows{0, 1, 2, 3, 4}));
  EXPECT_EQ(select("not (flag and id == 40)"), (Rows{0, 1, 2, 4}));
  EXPECT_EQ(select("label not in ['cat']"), (Rows{1, 2, 4}));
  EXPECT_EQ(select("label in []"), Rows{});
  EXPECT_EQ(select("label not in []"), (Rows{0, 1, 2, 4}));
  EXPECT_EQ(select("label not like '%a%'"), (Rows{2, 4}));
  EXPECT_EQ(select("a is null or s is null or j is null"), Rows{3});
}

TEST_F(FilterMeaning, ChainsRanges) {
  EXPECT_EQ(select("10 < id <= 40"), (Rows{1, 2, 3}));
  EXPECT_EQ(select("40 >= id > 10"), (Rows{1, 2, 3}));
  EXPECT_EQ(select("not (10 < id <= 40)"), (Rows{0, 4}));
  EXPECT_EQ(select("0 < id < 25 < 30"), (Rows{0, 1}));
  EXPECT_EQ(select("-200 < small < n"), (Rows{1, 2}));
}

TEST_F(FilterMeaning, BindsAsTheGrammarSays) {
  const std::pair<const char*, const char*> same[] = {
      {"id == 10 or id == 20 and flag", "id == 10 or (id == 20 and flag)"},
      {"not id == 10 and flag", "(not (id == 10)) and flag"},
      {"!flag || flag && id > 10", "(not flag) or (flag and id > 10)"},
      {"not flag == true", "(not flag) and flag is not null"},
      {"id + 2 * 5 == 20", "(id + (2 * 5)) == 20"},
      {"id - 5 - 5 == 0", "((id - 5) - 5) == 0"},
      {"id / 10 % 2 == 1", "((id / 10) % 2) == 1"},
      {"id == 2 ** 3 ** 1 + 2", "id == 10"},
      {"id * -2 ** 2 == -40", "id * (-(2 ** 2)) == -40"},
      {"id == 0x0A OR id == 0b10100 OR id == 036", "id in [10, 20, 30]"},
      {"NOT (label LIKE '%a%' AND TRUE)", "label not like '%a%'"},
      {"id IN (10, 20,)", "id in [10, 20]"},
      {"exists j['k'] and flag", "(j['k'] is not null) and flag"},
  };
  for (const auto& [loose, explicit_form] : same) {
    EXPECT_EQ(select(loose), select(explicit_form)) << loose;
    EXPECT_FALSE(select(loose).empty()) << loose;
  }
}

TEST_F(FilterMeaning, ReadsStringsWithEscapesInBothQuotes) {
  EXPECT_EQ(select("label == \"cat\""), Rows{0});
  EXPECT_EQ(select("label == 'c\\x61t'"), Rows{0});
  EXPECT_EQ(select("label == 'c\\141t'"), Rows{0});
  EXPECT_EQ(select("label == '\\u732b 10%'"), Rows{4});
  EXPECT_EQ(select("label == '猫 10%'"), Rows{4});
  EXPECT_EQ(select("label == ''"), Rows{2});
  EXPECT_EQ(select("label < 'a'"), (Rows{1, 2}));
  EXPECT_EQ(select("'a' <= label"), (Rows{0, 4}));
  EXPECT_EQ(select("j['quote\\\"d'] == 1"), Rows{1});
  EXPECT_EQ(select("label like '%10\\%'"), Rows{4});
  EXPECT_EQ(select("label like '%10\\\\%'"), Rows{4});
  EXPECT_EQ(select("label like '_ %'"), Rows{4});
  EXPECT_EQ(select("label like '_at'"), (Rows{0, 1}));
  EXPECT_EQ(select("label == s[0]"), Rows{});
  EXPECT_EQ(select("label == label"), (Rows{0, 1, 2, 4}));
}

TEST_F(FilterMeaning, CalculatesAndMakesWhatHasNoValueNull) {
  EXPECT_EQ(select("id + 5 == 15"), Rows{0});
  EXPECT_EQ(select("15 == id + 5"), Rows{0});
  EXPECT_EQ(select("-7 / 2 == -3 and -7 % 2 == -1"), (Rows{0, 1, 2, 3, 4}));
  EXPECT_EQ(select("id / 4.0 == 2.5"), Rows{0});
  EXPECT_EQ(select("id ** 2 == 400"), Rows{1});
  EXPECT_EQ(select("2 ** 0.5 < 1.5"), (Rows{0, 1, 2, 3, 4}));
  // Overflow and division by zero are null, in fields and in constants.
  EXPECT_EQ(select("n + 1 != 0"), (Rows{0, 2, 4}));
  EXPECT_EQ(select("n - 1 != 0"), (Rows{1, 2, 4}));
  EXPECT_EQ(select("-n <= 0"), (Rows{1, 2, 4}));
  EXPECT_EQ(select("n * 2 == 0 or n * 2 != 0"), (Rows{2, 4}));
  EXPECT_EQ(select("id / small > -100"), (Rows{0, 1, 4}));
  EXPECT_EQ(select("id % small > -100"), (Rows{0, 1, 4}));
  EXPECT_EQ(select("n / -1 == n / -1"), (Rows{1, 2, 4}));
  EXPECT_EQ(select("n % -1 == 0"), (Rows{0, 1, 2, 4}));
  EXPECT_EQ(select("2 ** -1 == 0 or not (2 ** -1 == 0)"), Rows{});
  EXPECT_EQ(select("1 / 0 == id or id + 1 / 0 != 3"), Rows{});
  EXPECT_EQ(select("1 / 0 in [1] or not (1 / 0 in [1])"), Rows{});
  EXPECT_EQ(select("d * 1e10 > 0 or d * 1e10 < 0"), (Rows{0, 1, 4}));
  EXPECT_EQ(select("d / 0.0 == d / 0.0"), Rows{});
}

TEST_F(FilterMeaning, FollowsPathsInJson) {
  EXPECT_EQ(select("j['a']['b'][0] == 1"), Rows{0});
  EXPECT_EQ(select("j['a']['b'][1] == 2.5"), Rows{0});
  EXPECT_EQ(select("j['a']['b'][1] == 3"), Rows{4});
  EXPECT_EQ(select("j[\"a\"][\"b\"][2] == 'x'"), Rows{0});
  EXPECT_EQ(select("j[0] == 7"), Rows{2});
  EXPECT_EQ(select("j[1][1] == 2"), Rows{2});
  EXPECT_EQ(select("j[2]['k'] == 1"), Rows{2});
  EXPECT_EQ(select("j['k'] == 5"), (Rows{0, 4}));
  EXPECT_EQ(select("j['k'] == '5'"), Rows{1});
  EXPECT_EQ(select("j['k'] + 1 == 6"), (Rows{0, 4}));
  EXPECT_EQ(select("j['k'] * 2 == id"), Rows{0});
  EXPECT_EQ(select("id == j['k'] * 2"), Rows{0});
  EXPECT_EQ(select("j['k'] like '_'"), Rows{1});
  EXPECT_EQ(select("j['k'] in [5, 'x']"), (Rows{0, 4}));
  EXPECT_EQ(select("j['k'] in ['5']"), Rows{1});
}

TEST_F(FilterMeaning, KnowsThatJsonOfAnotherKindIsNotEqual) {
  EXPECT_EQ(select("j['k'] != 5"), Rows{1});
  EXPECT_EQ(select("not (j['k'] == 5)"), Rows{1});
  EXPECT_EQ(select("j['k'] not in [5]"), Rows{1});
  // It has no order, so neither is known.
  EXPECT_EQ(select("j['k'] > 4"), (Rows{0, 4}));
  EXPECT_EQ(select("not (j['k'] > 4)"), Rows{});
  EXPECT_EQ(select("j['k'] not like 'x'"), Rows{1});
  EXPECT_EQ(select("j['t']"), Rows{0});
  EXPECT_EQ(select("not j['t']"), Rows{1});
  EXPECT_EQ(select("j['t'] == false"), Rows{1});
  EXPECT_EQ(select("j['e'] == 5"), Rows{});
  EXPECT_EQ(select("j['e'] != 5"), Rows{1});
}

TEST_F(FilterMeaning, TakesMissingAndNullJsonAsNull) {
  EXPECT_EQ(select("exists j['a']"), (Rows{0, 4}));
  EXPECT_EQ(select("not exists j['a']"), (Rows{1, 2, 3}));
  EXPECT_EQ(select("EXISTS(j['e'])"), Rows{1});
  EXPECT_EQ(select("j['a'] is null"), (Rows{1, 2, 3}));
  EXPECT_EQ(select("j['a']['b'] is not null"), (Rows{0, 4}));
  EXPECT_EQ(select("j['none'] == 1 or j['none'] != 1"), Rows{});
}

TEST_F(FilterMeaning, LooksIntoArrays) {
  EXPECT_EQ(select("a[0] == 1"), Rows{0});
  EXPECT_EQ(select("a[2] > 0"), (Rows{0, 4}));
  EXPECT_EQ(select("not (a[0] > 0)"), Rows{4});
  EXPECT_EQ(select("a[0] is null"), (Rows{1, 3}));
  EXPECT_EQ(select("array_length(a) == 0"), Rows{1});
  EXPECT_EQ(select("ARRAY_LENGTH(a) >= 1"), (Rows{0, 2, 4}));
  EXPECT_EQ(select("array_contains(a, 5)"), (Rows{2, 4}));
  EXPECT_EQ(select("array_contains(a, 5.0)"), (Rows{2, 4}));
  EXPECT_EQ(select("array_contains(a, 5.5)"), Rows{});
  EXPECT_EQ(select("not array_contains(a, 5)"), (Rows{0, 1}));
  EXPECT_EQ(select("array_contains_all(a, [5, -1])"), Rows{4});
  EXPECT_EQ(select("array_contains_all(a, [])"), (Rows{0, 1, 2, 4}));
  EXPECT_EQ(select("ARRAY_CONTAINS_ANY(a, [3, 5])"), (Rows{0, 2, 4}));
  EXPECT_EQ(select("array_contains_any(a, [])"), Rows{});
  EXPECT_EQ(select("array_contains(s, 'x')"), (Rows{0, 4}));
  EXPECT_EQ(select("json_contains_all(s, ['x', 'y'])"), Rows{0});
  EXPECT_EQ(select("s[0] == 'ß'"), Rows{2});
  EXPECT_EQ(select("s[0] in ['ß', 'x']"), (Rows{0, 2, 4}));
  EXPECT_EQ(select("s[1] like 'y%'"), Rows{0});
}

TEST_F(FilterMeaning, LooksIntoJsonArrays) {
  EXPECT_EQ(select("json_contains(j['a']['b'], 1)"), Rows{0});
  EXPECT_EQ(select("json_contains(j['a']['b'], 'x')"), Rows{0});
  EXPECT_EQ(select("json_contains(j['a']['b'], [1, 2])"), Rows{4});
  EXPECT_EQ(select("json_contains(j, [1.0, 2])"), Rows{2});
  EXPECT_EQ(select("JSON_CONTAINS_ALL(j['a']['b'], [1, 2.5])"), Rows{0});
  EXPECT_EQ(select("json_contains_any(j['a']['b'], [3, 'x'])"), (Rows{0, 4}));
  EXPECT_EQ(select("array_contains(j['a']['b'], 3)"), Rows{4});
  // A value that is no array contains nothing; where nothing is, nothing is known.
  EXPECT_EQ(select("not json_contains(j['k'], 5)"), (Rows{0, 1, 4}));
  EXPECT_EQ(select("array_length(j['a']['b']) == 2"), Rows{4});
  EXPECT_EQ(select("array_length(j['l']) == 0"), Rows{4});
  EXPECT_EQ(select("array_length(j) == 3"), Rows{2});
}

TEST_F(FilterMeaning, TakesValuesByName) {
  values_ = {{"id", {std::int64_t{20}}},
             {"ids", {std::vector<TemplateValue>{{std::int64_t{10}}, {std::int64_t{50}}}}},
             {"text", {std::string("it's")}},
             {"pattern", {std::string("_at")}}};
  EXPECT_EQ(select("id == {id}"), Rows{1});
  EXPECT_EQ(select("id in { ids }"), (Rows{0, 4}));
  EXPECT_EQ(select("id in [{id}, 30]"), (Rows{1, 2}));
  EXPECT_EQ(select("id + {id} == 40"), Rows{1});
  EXPECT_EQ(select("label != {text} and label like {pattern}"), (Rows{0, 1}));
  EXPECT_EQ(select("array_contains_any(a, {ids}) or id == 50"), Rows{4});
}

TEST_F(FilterMeaning, FindsUnknownNamesInTheDynamicField) {
  EXPECT_EQ(select("k == 5"), (Rows{0, 4}));
  EXPECT_EQ(select("$meta['k'] == '5'"), Rows{1});
  EXPECT_EQ(select("a1 is null and exists big"), Rows{0});
  EXPECT_EQ(select("$meta is null"), Rows{3});
  EXPECT_EQ(select("exists t and e is null"), Rows{0});
}

TEST_F(FilterMeaning, NamesTheFieldsItReads) {
  const auto filter = Filter::compile("label == 'x' and id > 5 or not label like 'y'", schema_);
  EXPECT_THAT(filter->fields(), ::testing::ElementsAre("label", "id"));
  EXPECT_FALSE(filter->selects_all());
}

TEST_F(FilterMeaning, KnowsExpressionsThatOnlyListKeys) {
  const auto keys = [this](std::string_view expression) {
    const auto filter = Filter::compile(expression, schema_).value();
    return filter.keys() == nullptr ? std::optional<FilterKeys>() : *filter.keys();
  };
  EXPECT_EQ(keys("id in [3, 1, 3]"), FilterKeys(std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(keys("(id == 7)"), FilterKeys(std::vector<std::int64_t>{7}));
  for (const char* expression : {"id != 7", "id not in [7]", "id in [1.0]", "id == 7 and flag",
                                 "id > 7", "n == 7", "id == n", ""}) {
    EXPECT_EQ(keys(expression), std::nullopt) << expression;
  }
  schema_ = make_schema({{"name", "string primary key"}, {"v", "float32[2] l2"}});
  EXPECT_EQ(keys("name in ['b', 'a']"), FilterKeys(std::vector<std::string>{"a", "b"}));
}

TEST_F(FilterMeaning, OutlivesTheTextItWasCompiledFrom) {
  std::string text = "label == 'cat' or label like 'c%t' or label in ['Cat'] or s[0] == 'ß'";
  const Filter filter = Filter::compile(text, schema_).value();
  text.assign(text.size(), '#');
  const Filter copy = filter;
  EXPECT_EQ(rows_of(copy.evaluate(source_, 5).value()), (Rows{0, 1, 2}));
}

TEST_F(FilterMeaning, TakesJsonThatDoesNotParseAsNull) {
  // Validation keeps it out, but a file may hold anything.
  GrowingColumn column(*schema_.find("j"));
  TestColumn texts(FieldType::kJson);
  for (const char* text : {"{", "", "\xFF", "{\"k\": 5}", "nul"}) texts.push(text);
  column.append(texts.view("j", 0, 5), 5);
  struct OneColumn final : ColumnSource {
    const ColumnReader* only = nullptr;
    const ColumnReader* column(std::string_view) const override { return only; }
  } source;
  source.only = &column;
  const auto select_from = [&](std::string_view expression) {
    return rows_of(Filter::compile(expression, schema_)->evaluate(source, 5).value());
  };
  EXPECT_EQ(select_from("j['k'] == 5"), Rows{3});
  EXPECT_EQ(select_from("j['k'] is null"), (Rows{0, 1, 2, 4}));
  EXPECT_EQ(select_from("not json_contains(j, 1)"), Rows{3});
}

TEST_F(FilterMeaning, ReadsMomentsAndLengthsOfTimeAsMicroseconds) {
  EXPECT_EQ(select("id <= ISO '1970-01-01T00:00:00.00003Z'"), (Rows{0, 1, 2}));
  EXPECT_EQ(select("id == iso '1970-01-01T08:00:00.00002+08:00'"), Rows{1});
  EXPECT_EQ(select("id + INTERVAL 'PT0.00001S' == ISO '1970-01-01 00:00:00.00003'"), Rows{1});
  EXPECT_EQ(select("id > ISO '2025-01-31' - interval 'P30000D'"), (Rows{0, 1, 2, 3, 4}));
  EXPECT_EQ(select("id in [ISO '1970-01-01T00:00:00.00001Z', 50]"), (Rows{0, 4}));
  EXPECT_EQ(select("ISO '1969-12-31' < id < ISO '1970-01-01T00:00:00.00002Z'"), Rows{0});
  for (const char* wrong : {"id > ISO", "id > ISO 5", "id > ISO 'today'", "id > INTERVAL 'P1Y'",
                            "id > INTERVAL ''", "id in [ISO]", "id > DATE '2025-01-31'"}) {
    EXPECT_FALSE(Filter::compile(wrong, schema_)) << wrong;
  }
}

TEST_F(FilterMeaning, WordsOfTexts) {
  EXPECT_EQ(select("text_match(label, 'a CAT')"), (Rows{0, 1}));
  EXPECT_EQ(select("TEXT_MATCH(label, '10 or 猫')"), Rows{4});
  EXPECT_EQ(select("not text_match(label, 'cat')"), (Rows{2, 4})) << "null stays unknown";
  EXPECT_EQ(select("phrase_match(label, '猫 10')"), Rows{4});
  EXPECT_EQ(select("phrase_match(label, '10 猫', 1)"), Rows{});
  EXPECT_EQ(select("phrase_match(label, '10 猫', 2)"), Rows{4}) << "two moves";
  EXPECT_EQ(select("text_match(s[0], 'X') and text_match(label, 'cat')"), Rows{0});
  EXPECT_EQ(select("text_match(j['k'], '5')"), Rows{1}) << "the text, not the numbers";
  for (const char* wrong : {"text_match(n, 'a')", "text_match(label, 5)", "text_match(label)",
                            "phrase_match(label, 'a', -1)", "phrase_match(label, 'a', 'b')"}) {
    EXPECT_FALSE(Filter::compile(wrong, schema_)) << wrong;
  }
}

TEST_F(FilterMeaning, ComparesWholeArraysWithLists) {
  EXPECT_EQ(select("a == [1, 2, 3]"), (Rows{0}));
  EXPECT_EQ(select("[1.0, 2, 3] == a"), (Rows{0}));
  EXPECT_EQ(select("a == [3, 2, 1]"), Rows{});
  EXPECT_EQ(select("a == []"), (Rows{1}));
  EXPECT_EQ(select("a != [5]"), (Rows{0, 1, 4}));
  EXPECT_EQ(select("not (a == [5])"), (Rows{0, 1, 4}));
  EXPECT_EQ(select("s == ['x', 'y']"), (Rows{0}));
  EXPECT_EQ(select("j['a']['b'] == [1, 2.5, 'x']"), (Rows{0}));
  EXPECT_EQ(select("j['a']['b'] == [[1, 2], 3]"), (Rows{4}));
  EXPECT_EQ(select("j['a']['b'] != [[1, 2], 3]"), (Rows{0}));
}

TEST_F(FilterMeaning, CalculatesInLists) {
  EXPECT_EQ(select("id in [20 / 2, 5 * (3 + 1), 10 ** 2, -(-3) * 10]"), (Rows{0, 1, 2}));
  EXPECT_EQ(select("d in [+2 ** 53, 10 / 4.0 * 2, -1]"), (Rows{1, 4}));
  EXPECT_EQ(select("id in [900 % 40, 2 ** 3 ** 0 + 9 - +1]"), (Rows{0, 1}));
}

TEST_F(FilterMeaning, DrawsASampleOfTheRowsThatFit) {
  const auto filter = Filter::compile("id >= 20 and random_sample(0.5)", schema_).value();
  EXPECT_TRUE(filter.is_sample());
  EXPECT_FALSE(filter.selects_all());
  std::set<std::size_t> seen;
  for (int round = 0; round < 64; ++round) {
    const auto drawn = Filter::compile("id >= 20 and random_sample(0.5)", schema_).value();
    const Bitmap rows = drawn.evaluate(source_, 5).value();
    EXPECT_EQ(rows.count(), 2u);
    EXPECT_FALSE(rows.test(std::size_t{0}));
    rows.for_each([&](std::size_t row) { seen.insert(row); });
  }
  EXPECT_EQ(seen, (std::set<std::size_t>{1, 2, 3, 4}));
  // One row at least where there is one, and keys are not looked up behind its back.
  const auto keys = Filter::compile("id in [10, 20] and random_sample(0.01)", schema_).value();
  EXPECT_EQ(keys.keys(), nullptr);
  EXPECT_EQ(keys.evaluate(source_, 5).value().count(), 1u);
  const auto all = Filter::compile("random_sample(0.8)", schema_).value();
  EXPECT_EQ(all.evaluate(source_, 5).value().count(), 4u);
}

}  // namespace
}  // namespace simile::scalar
