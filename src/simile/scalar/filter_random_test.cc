/// Random expressions against the naive evaluator. An expression is made as its text together with
/// a function that says what it means.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "simile/base/random.h"
#include "simile/base/text.h"
#include "simile/scalar/test_oracle.h"
#include "simile/scalar/test_source.h"

namespace simile::scalar {
namespace {

/// Random rows, remembered cell by cell, and random expressions over them.
class Generator {
 public:
  static constexpr std::size_t kRows = 1500;  // more than a block, and no multiple of 64

  explicit Generator(std::uint64_t seed)
      : random_(seed),
        schema_(make_schema({{"id", "int64 primary key"},
                             {"n", "int64 nullable"},
                             {"i8", "int8"},
                             {"i16", "int16 nullable"},
                             {"i32", "int32"},
                             {"f", "float nullable"},
                             {"d", "double nullable"},
                             {"b", "bool nullable"},
                             {"t", "string nullable"},
                             {"a", "array<int64> nullable"},
                             {"s", "array<string>"},
                             {"j", "json nullable"},
                             {"v", "float32[2] l2"}})),
        source_(schema_) {
    for (std::size_t row = 0; row < kRows; ++row) push_row();
    source_.finish();
  }

  const Schema& schema() const { return schema_; }
  const TestSource& source() const { return source_; }

  ConditionText condition(int depth) {
    if (depth > 0) {
      switch (random_.below(4)) {
        case 0: return joined(depth, true);
        case 1: return joined(depth, false);
        case 2: {
          const ConditionText inner = condition(depth - 1);
          return {pick({"not ", "!", "NOT "}) + "(" + inner.text + ")",
                  [inner](std::size_t row) { return naive_not(inner.at(row)); }};
        }
        default: break;
      }
    }
    switch (random_.below(8)) {
      case 0: return membership();
      case 1: return null_test();
      case 2: return contains();
      case 3: return chain();
      case 4: return truth();
      default: return comparison();
    }
  }

 private:
  std::string pick(std::initializer_list<const char*> choices) {
    return *(choices.begin() + random_.below(choices.size()));
  }

  std::int64_t integer() {
    constexpr std::int64_t kOdd[] = {std::numeric_limits<std::int64_t>::min(),
                                     std::numeric_limits<std::int64_t>::max(),
                                     (std::int64_t{1} << 53) + 1,
                                     std::int64_t{1} << 53,
                                     -(std::int64_t{1} << 62),
                                     127,
                                     128,
                                     -128,
                                     32'767,
                                     -32'769};
    if (random_.below(4) == 0) return kOdd[random_.below(std::size(kOdd))];
    return static_cast<std::int64_t>(random_.below(9)) - 4;
  }
  double number() {
    constexpr double kOdd[] = {0x1p53, 0x1p63, -0x1p63, 0.1, 1e300, -1e300, 127.5, 1e-300};
    if (random_.below(4) == 0) return kOdd[random_.below(std::size(kOdd))];
    return static_cast<double>(static_cast<int>(random_.below(9)) - 4) / 2;
  }
  std::string letters() {
    std::string text;
    for (std::uint64_t n = random_.below(3); n > 0; --n) text += pick({"a", "b", "ß"});
    return text;
  }

  Cell json_cell() {
    switch (random_.below(6)) {
      case 0: return {};
      case 1: return random_.below(2) == 0;
      case 2: return number();
      case 3: return letters();
      default: return integer();
    }
  }

  static std::string text_of(const Cell& cell) {
    if (is_null(cell)) return "null";
    if (const auto* truth = std::get_if<bool>(&cell)) return *truth ? "true" : "false";
    if (const auto* integer = std::get_if<std::int64_t>(&cell)) return join_text(*integer);
    if (const auto* text = std::get_if<std::string>(&cell)) return "\"" + *text + "\"";
    // With a point, so that it stays a floating-point number.
    std::string text = join_text(std::get<double>(cell));
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
  }

  template <class T>
  void push(const std::string& field, T value, Cell cell) {
    if (schema_.find(field)->nullable && random_.below(5) == 0) {
      source_[field].push_null();
      cell = {};
    } else {
      source_[field].push(value);
    }
    cells_[field].push_back(std::move(cell));
  }

  template <class T>
  void push_integer(const std::string& field) {
    const auto value = static_cast<T>(integer());
    push(field, value, std::int64_t{value});
  }

  void push_row() {
    push_integer<std::int64_t>("id");
    push_integer<std::int64_t>("n");
    push_integer<std::int8_t>("i8");
    push_integer<std::int16_t>("i16");
    push_integer<std::int32_t>("i32");
    const double value = number();
    const float single = std::abs(value) > 1e30 ? 0.1F : static_cast<float>(value);
    push("f", single, double{single});
    push("d", value, value);
    const bool truth = random_.below(2) == 0;
    push("b", static_cast<std::uint8_t>(truth), truth);
    const std::string text = letters();
    push("t", text, text);
    std::vector<std::int64_t> integers(random_.below(4));
    for (std::int64_t& one : integers) one = integer();
    const bool null = random_.below(5) == 0;
    if (null) {
      source_["a"].push_null();
    } else {
      source_["a"].push_array(integers);
    }
    push_elements("a", integers, null);
    std::vector<std::string> texts(random_.below(4));
    for (std::string& one : texts) one = letters();
    source_["s"].push_array(texts);
    push_elements("s", texts, false);
    push_json();
  }

  template <class T>
  void push_elements(const std::string& field, const std::vector<T>& values, bool null) {
    std::optional<std::vector<Cell>> elements;
    if (!null) elements.emplace(values.begin(), values.end());
    elements_[field].push_back(std::move(elements));
  }

  void push_json() {
    if (random_.below(6) == 0) {
      source_["j"].push_null();
      cells_["j.k"].push_back({});
      elements_["j.l"].push_back(std::nullopt);
      return;
    }
    const Cell member = json_cell();
    const bool present = !is_null(member) || random_.below(2) == 0;
    std::vector<Cell> list(random_.below(4));
    for (Cell& cell : list) cell = json_cell();
    std::string text = "{\"x\": [1], ";
    if (present) text += "\"k\": " + text_of(member) + ", ";
    text += "\"l\": [";
    for (std::size_t i = 0; i < list.size(); ++i) text += (i > 0 ? "," : "") + text_of(list[i]);
    source_["j"].push(text + "]}");
    cells_["j.k"].push_back(member);
    elements_["j.l"].emplace_back(list);
  }

  ValueText constant(Type type) {
    Cell cell;
    if (type == Type::kJson) type = static_cast<Type>(random_.below(4));
    switch (type) {
      case Type::kBool: cell = random_.below(2) == 0; break;
      case Type::kString: cell = letters(); break;
      default: cell = random_.below(3) == 0 ? Cell(number()) : Cell(integer());
    }
    const Type own = cell.index() == 1   ? Type::kBool
                     : cell.index() == 2 ? Type::kInt
                     : cell.index() == 3 ? Type::kDouble
                                         : Type::kString;
    return {text_of(cell), own, [cell](std::size_t) { return cell; }, true};
  }

  ValueText cells(const std::string& text, const std::string& key, Type type) {
    return {text, type, [this, key](std::size_t row) { return cells_.at(key)[row]; }, false,
            key == "f"};
  }

  ValueText element(const std::string& text, const std::string& key, Type type) {
    const std::size_t position = random_.below(3);
    return {text + "[" + join_text(position) + "]", type, [this, key, position](std::size_t row) {
              const auto& list = elements_.at(key)[row];
              return list && position < list->size() ? (*list)[position] : Cell();
            }};
  }

  ValueText length() {
    const bool of_json = random_.below(2) == 0;
    const std::string key = of_json ? "j.l" : "a";
    return {of_json ? "array_length(j['l'])" : "array_length(a)", Type::kInt,
            [this, key](std::size_t row) {
              const auto& list = elements_.at(key)[row];
              return list ? Cell(static_cast<std::int64_t>(list->size())) : Cell();
            }};
  }

  ValueText value(Type type) {
    switch (type) {
      case Type::kBool: return cells("b", "b", type);
      case Type::kDouble: {
        const std::string field = pick({"f", "d"});
        return cells(field, field, type);
      }
      case Type::kString:
        return random_.below(2) == 0 ? cells("t", "t", type) : element("s", "s", type);
      case Type::kJson:
        return random_.below(2) == 0 ? cells("j[\"k\"]", "j.k", type)
                                     : element("j['l']", "j.l", type);
      case Type::kInt: break;
    }
    if (random_.below(6) == 0) return element("a", "a", type);
    if (random_.below(6) == 0) return length();
    const std::string field = pick({"id", "n", "i8", "i16", "i32"});
    return cells(field, field, type);
  }

  ValueText calculated(int depth) {
    const Type types[] = {Type::kInt, Type::kInt, Type::kDouble, Type::kJson};
    const Type type = types[random_.below(4)];
    if (depth == 0) {
      return random_.below(3) == 0 ? constant(random_.below(2) == 0 ? Type::kInt : Type::kDouble)
                                   : value(type);
    }
    const ValueText left = calculated(depth - 1);
    const ValueText right = calculated(depth - 1);
    const char op = "+-*/%"[random_.below(5)];
    const Type result = left.type == Type::kJson || right.type == Type::kJson ? Type::kJson
                        : left.type == Type::kInt && right.type == Type::kInt ? Type::kInt
                                                                              : Type::kDouble;
    return {join_text("(", left.text, " ", op, " ", right.text, ")"), result,
            [left, right, op](std::size_t row) {
              return naive_calculate(op, left.at(row), right.at(row));
            },
            left.is_constant && right.is_constant};
  }

  /// A constant as a side of a comparison with float32 is rounded to that.
  static Cell side(const ValueText& value, const ValueText& other, std::size_t row) {
    const Cell cell = value.at(row);
    if (!value.is_constant || !other.single || cell.index() != 3) return cell;
    return double{static_cast<float>(std::get<double>(cell))};
  }

  ConditionText compared(const ValueText& left, const std::string& op, const ValueText& right) {
    return {left.text + " " + op + " " + right.text, [left, op, right](std::size_t row) {
              return naive_compare(op, side(left, right, row), side(right, left, row));
            }};
  }

  ConditionText comparison() {
    const Type type = static_cast<Type>(random_.below(5));
    std::string op = pick({"==", "!=", "<", "<=", ">", ">="});
    if (type == Type::kBool) op = pick({"==", "!="});
    if (type != Type::kBool && type != Type::kString && random_.below(3) == 0) {
      return compared(calculated(static_cast<int>(random_.below(3))), op, calculated(1));
    }
    ValueText left = value(type);
    ValueText right = random_.below(3) == 0 ? value(type) : constant(type);
    if (right.type == Type::kBool && op != "==") op = "!=";
    if (random_.below(3) == 0) std::swap(left, right);
    return compared(left, op, right);
  }

  ConditionText chain() {
    const std::vector<std::string> ops = random_.below(2) == 0
                                             ? std::vector<std::string>{"<", "<="}
                                             : std::vector<std::string>{">", ">="};
    const Type type = random_.below(2) == 0 ? Type::kInt : Type::kDouble;
    const ValueText low = constant(type);
    const ValueText middle = value(type);
    const ValueText high = constant(type);
    const ConditionText first = compared(low, ops[random_.below(2)], middle);
    const std::string op = ops[random_.below(2)];
    const ConditionText second = compared(middle, op, high);
    return {first.text + " " + op + " " + high.text,
            [first, second](std::size_t row) { return naive_and(first.at(row), second.at(row)); }};
  }

  ConditionText membership() {
    const ValueText left = value(static_cast<Type>(random_.below(5)));
    std::vector<ValueText> list;
    std::string text;
    for (std::uint64_t n = random_.below(5); n > 0; --n) {
      list.push_back(constant(left.type));
      text += (text.empty() ? "" : ", ") + list.back().text;
    }
    const bool negative = random_.below(2) == 0;
    return {left.text + (negative ? " not in [" : " in [") + text + "]",
            [left, list, negative](std::size_t row) -> Truth {
              if (is_null(left.at(row))) return std::nullopt;
              bool found = false;
              for (const ValueText& one : list) {
                found |= naive_compare("==", left.at(row), side(one, left, row)) == Truth(true);
              }
              return found != negative;
            }};
  }

  ConditionText null_test() {
    const ValueText operand = value(static_cast<Type>(random_.below(5)));
    if (operand.text.starts_with("array_length")) return truth();
    const bool negative = random_.below(2) == 0;
    return {operand.text + (negative ? " is not null" : " is null"),
            [operand, negative](std::size_t row) { return is_null(operand.at(row)) != negative; }};
  }

  ConditionText truth() {
    const ValueText operand = value(random_.below(2) == 0 ? Type::kBool : Type::kJson);
    return {operand.text,
            [operand](std::size_t row) { return naive_compare("==", operand.at(row), true); }};
  }

  ConditionText contains() {
    const char* const lists[] = {"a", "s", "j.l"};
    const std::string key = lists[random_.below(3)];
    const Type type = key == "a" ? Type::kInt : key == "s" ? Type::kString : Type::kJson;
    std::vector<ValueText> wanted;
    const bool all = random_.below(2) == 0;
    std::string text;
    for (std::uint64_t n = random_.below(3); n > 0; --n) {
      wanted.push_back(constant(type));
      text += (text.empty() ? "" : ", ") + wanted.back().text;
    }
    return {join_text(pick({"array", "json"}), all ? "_contains_all(" : "_contains_any(",
                      key == "j.l" ? "j['l']" : key, ", [", text, "])"),
            [this, key, wanted, all](std::size_t row) -> Truth {
              const auto& list = elements_.at(key)[row];
              if (!list) return std::nullopt;
              std::size_t found = 0;
              for (const ValueText& one : wanted) {
                bool here = false;
                for (const Cell& cell : *list) {
                  here |= naive_compare("==", cell, one.at(row)) == Truth(true);
                }
                found += here ? 1 : 0;
              }
              return all ? found == wanted.size() : found > 0;
            }};
  }

  ConditionText joined(int depth, bool is_and) {
    const ConditionText left = condition(depth - 1);
    const ConditionText right = condition(depth - 1);
    const std::string word =
        is_and ? pick({" and ", " && ", " AND "}) : pick({" or ", " || ", " OR "});
    return {"(" + left.text + ")" + word + "(" + right.text + ")",
            [left, right, is_and](std::size_t row) {
              if (is_and) return naive_and(left.at(row), right.at(row));
              return naive_not(naive_and(naive_not(left.at(row)), naive_not(right.at(row))));
            }};
  }

  Random random_;
  Schema schema_;
  TestSource source_;
  std::map<std::string, std::vector<Cell>> cells_;
  std::map<std::string, std::vector<std::optional<std::vector<Cell>>>> elements_;
};

std::uint64_t seed_of_run() {
  const char* given = std::getenv("SIMILE_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20'261'121;
}

TEST(FilterOracle, AgreesOnRandomExpressions) {
  const std::uint64_t seed = seed_of_run();
  SCOPED_TRACE("SIMILE_SEED=" + std::to_string(seed));
  Generator generator(seed);
  const SealedSource sealed(generator.source());
  const SealedSource indexed(generator.source(), ScalarIndex::kInverted);
  const SealedSource with_grams(generator.source(), ScalarIndex::kNgram);
  constexpr int kExpressions = 2000;
  std::size_t selected_rows = 0;
  std::size_t helped = 0;
  for (int i = 0; i < kExpressions; ++i) {
    const ConditionText condition = generator.condition(i % 4);
    const auto filter = Filter::compile(condition.text, generator.schema());
    ASSERT_TRUE(filter.has_value()) << condition.text << ": " << filter.error().message;
    const ColumnSource* const sources[] = {&sealed, &generator.source(), &indexed, &with_grams,
                                           &indexed};
    const ColumnSource& source = *sources[i % 5];
    FilterUsage usage{FilterUsage::Choice::kIndexes, {}, 0};
    const Bitmap selected = filter->evaluate(source, Generator::kRows, nullptr, &usage).value();
    helped += usage.indexes.empty() ? 0 : 1;
    for (std::size_t row = 0; row < Generator::kRows; ++row) {
      ASSERT_EQ(selected.test(row), condition.at(row) == Truth(true))
          << "row " << row << ": " << condition.text;
    }
    selected_rows += selected.count();
  }
  EXPECT_GT(helped, kExpressions / 10);
  // Neither everything nor nothing, else the test would say little.
  EXPECT_GT(selected_rows, kExpressions * Generator::kRows / 10);
  EXPECT_LT(selected_rows, kExpressions * Generator::kRows * 9 / 10);
}

}  // namespace
}  // namespace simile::scalar
