/// Comparisons around the borders of every number type, against long double, which holds every
/// int64 and every double.

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

#include "simile/base/text.h"
#include "simile/scalar/test_source.h"

namespace simile::scalar {
namespace {

static_assert(std::numeric_limits<long double>::digits >= 64);

/// Around the borders of every integer type, and where float and double stop being exact.
std::vector<std::int64_t> border_values() {
  const std::int64_t borders[] = {0, 127, 32'767, 2'147'483'647, 16'777'216, std::int64_t{1} << 53};
  std::vector<std::int64_t> values = {std::numeric_limits<std::int64_t>::min(),
                                      std::numeric_limits<std::int64_t>::max()};
  for (const std::int64_t border : borders) {
    for (std::int64_t value = -border - 2; value <= -border + 2; ++value) values.push_back(value);
    for (std::int64_t value = border - 2; value <= border + 2; ++value) values.push_back(value);
  }
  return values;
}

/// Those values as integers and as fractions, and some that only one of the two can be.
std::vector<std::string> border_constants() {
  std::vector<std::string> constants = {"0.5",
                                        "-0.5",
                                        "1e300",
                                        "-1e300",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "9223372036854775808.0",
                                        "-9223372036854775808.0",
                                        "9223372036854774784.0"};
  for (const std::int64_t value : border_values()) {
    constants.push_back(join_text(value));
    if (value > std::numeric_limits<std::int64_t>::min())
      constants.push_back(join_text(value, ".0"));
  }
  return constants;
}

bool holds(long double left, const std::string& op, long double right) {
  return op == "=="   ? left == right
         : op == "!=" ? left != right
         : op == "<"  ? left < right
         : op == "<=" ? left <= right
         : op == ">"  ? left > right
                      : left >= right;
}

TEST(FilterExtremes, CompareExactlyWithEveryOp) {
  // Every type x op x constant around the borders of every type, also negated.
  const Schema schema = make_schema({{"i8", "int8"},
                                     {"i16", "int16"},
                                     {"i32", "int32"},
                                     {"i64", "int64 primary key"},
                                     {"f", "float"},
                                     {"d", "double"},
                                     {"v", "float32[2] l2"}});
  TestSource source(schema);
  std::map<std::string, std::vector<long double>> cells;
  const auto push = [&](const std::string& field, auto value) {
    source[field].push(value);
    cells[field].push_back(static_cast<long double>(value));
  };
  for (const std::int64_t value : border_values()) {
    push("i8", static_cast<std::int8_t>(value));
    push("i16", static_cast<std::int16_t>(value));
    push("i32", static_cast<std::int32_t>(value));
    push("i64", value);
    push("f", static_cast<float>(value));
    push("d", static_cast<double>(value));
  }
  source.finish();
  for (const auto& [field, numbers] : cells) {
    for (const std::string& constant : border_constants()) {
      long double right = std::strtold(constant.c_str(), nullptr);
      if (constant.find_first_of(".e") != std::string::npos) {
        const double rounded = std::strtod(constant.c_str(), nullptr);
        right = field == "f" ? static_cast<double>(static_cast<float>(rounded)) : rounded;
      }
      for (const std::string op : {"==", "!=", "<", "<=", ">", ">="}) {
        const std::string text = field + " " + op + " " + constant;
        const Bitmap selected =
            Filter::compile(text, schema)->evaluate(source, source.rows()).value();
        Bitmap opposite =
            Filter::compile("not (" + text + ")", schema)->evaluate(source, source.rows()).value();
        opposite.flip();
        ASSERT_EQ(selected, opposite) << text;
        for (std::size_t row = 0; row < numbers.size(); ++row) {
          const long double left = numbers[row];
          ASSERT_EQ(selected.test(row), holds(left, op, right)) << text << " for " << left;
        }
      }
    }
  }
}

}  // namespace
}  // namespace simile::scalar
