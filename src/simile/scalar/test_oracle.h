#pragma once
/// A naive evaluator of filters for tests: row by row, three-valued, with numbers in types that
/// hold int64 and double exactly. It shares nothing with the parser and the compiler.

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <variant>

namespace simile::scalar {

static_assert(std::numeric_limits<long double>::digits >= 64, "holds every int64 and double");

using Cell = std::variant<std::monostate, bool, std::int64_t, double, std::string>;
using Truth = std::optional<bool>;
enum class Type { kBool, kInt, kDouble, kString, kJson };

struct ValueText {
  std::string text;
  Type type;
  std::function<Cell(std::size_t row)> at;
  bool is_constant = false;
  bool single = false;  // comes from float32
};
struct ConditionText {
  std::string text;
  std::function<Truth(std::size_t row)> at;
};

inline long double number_of(const Cell& cell) {
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) return *integer;
  return std::get<double>(cell);
}
inline bool is_number(const Cell& cell) { return cell.index() == 2 || cell.index() == 3; }
inline bool is_null(const Cell& cell) { return cell.index() == 0; }

inline Truth naive_compare(const std::string& op, const Cell& a, const Cell& b) {
  if (is_null(a) || is_null(b)) return std::nullopt;
  const bool same = a.index() == b.index() || (is_number(a) && is_number(b));
  if (!same) return op == "==" ? Truth(false) : op == "!=" ? Truth(true) : std::nullopt;
  int order = 0;
  if (is_number(a)) {
    order = number_of(a) < number_of(b) ? -1 : number_of(a) > number_of(b) ? 1 : 0;
  } else {
    order = a < b ? -1 : a > b ? 1 : 0;
  }
  if (op == "==") return order == 0;
  if (op == "!=") return order != 0;
  if (std::holds_alternative<bool>(a)) return std::nullopt;
  if (op == "<") return order < 0;
  if (op == "<=") return order <= 0;
  if (op == ">") return order > 0;
  return order >= 0;
}

__extension__ using Wide = __int128;

inline Cell finite(double value) { return std::isfinite(value) ? Cell(value) : Cell(); }

inline Cell naive_calculate(char op, const Cell& a, const Cell& b) {
  if (!is_number(a) || !is_number(b)) return {};
  if (a.index() == 2 && b.index() == 2) {
    const Wide x = std::get<std::int64_t>(a);
    const Wide y = std::get<std::int64_t>(b);
    if ((op == '/' || op == '%') && y == 0) return {};
    const Wide z = op == '+'   ? x + y
                   : op == '-' ? x - y
                   : op == '*' ? x * y
                   : op == '/' ? x / y
                               : x % y;
    if (z > std::numeric_limits<std::int64_t>::max() ||
        z < std::numeric_limits<std::int64_t>::min()) {
      return {};
    }
    return static_cast<std::int64_t>(z);
  }
  const auto x = static_cast<double>(number_of(a));
  const auto y = static_cast<double>(number_of(b));
  switch (op) {
    case '+': return finite(x + y);
    case '-': return finite(x - y);
    case '*': return finite(x * y);
    case '/': return finite(x / y);
    default: return finite(std::fmod(x, y));
  }
}

inline Truth naive_not(Truth a) { return a ? Truth(!*a) : a; }
inline Truth naive_and(Truth a, Truth b) {
  if (a == Truth(false) || b == Truth(false)) return false;
  return a && b ? Truth(true) : std::nullopt;
}

}  // namespace simile::scalar
