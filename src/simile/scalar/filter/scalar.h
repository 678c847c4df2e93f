#pragma once
/// One value while a filter runs, and what comparing and calculating with values means.
///
/// 1. A null makes every comparison unknown and every calculation null.
/// 2. Numbers compare by value, exactly: no int64 is rounded to a double.
/// 3. Values of different kinds are not equal (== is false, != true) and have no order (unknown).
/// 4. A result that has no value is null: integers that overflow or divide by zero, floating-point
///    numbers that are not finite.

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "simile/scalar/filter.h"

namespace simile::scalar::filter {

enum class CompareOp : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual
};
enum class ArithmeticOp : std::uint8_t { kAdd, kSubtract, kMultiply, kDivide, kRemainder, kPower };

enum class Kind : std::uint8_t {
  kNull,
  kBool,
  kInt,
  kDouble,
  kString,
  kOther  ///< a list or a JSON object
};

/// The text of a string is borrowed.
struct Scalar {
  Kind kind = Kind::kNull;
  union {
    bool truth;
    std::int64_t integer = 0;
    double number;
  };
  std::string_view text;

  Scalar() = default;
  explicit Scalar(bool value) : kind(Kind::kBool), truth(value) {}
  explicit Scalar(std::int64_t value) : kind(Kind::kInt), integer(value) {}
  explicit Scalar(double value) : kind(Kind::kDouble), number(value) {}
  explicit Scalar(std::string_view value) : kind(Kind::kString), text(value) {}

  bool is_number() const { return kind == Kind::kInt || kind == Kind::kDouble; }
};

/// A list becomes kOther.
Scalar scalar_of(const TemplateValue& value);

/// "5", "'cat'", "true", "a list": for messages.
std::string describe(const TemplateValue& value);

/// <0, 0 or >0 as `a` is less than, equal to or greater than `b`; `b` is not NaN.
int compare_exactly(std::int64_t a, double b);

/// Without a value: unknown.
std::optional<bool> compare(CompareOp op, const Scalar& a, const Scalar& b);

/// a op b == b mirrored(op) a.
CompareOp mirrored(CompareOp op);
/// not (a op b) == a inverse(op) b, where it is known.
CompareOp inverse(CompareOp op);
std::string_view name_of(CompareOp op);
std::string_view name_of(ArithmeticOp op);

/// By repeated squaring; false where it overflows or the exponent is negative.
bool integer_power(std::int64_t base, std::int64_t exponent, std::int64_t& out);

/// False where the result is null; then `out` is unspecified. Division cuts towards zero, and the
/// remainder has the sign of `a`, as in C++. Inline, so that the op is decided outside of loops.
inline bool calculate(ArithmeticOp op, std::int64_t a, std::int64_t b, std::int64_t& out) {
  switch (op) {
    case ArithmeticOp::kAdd: return !__builtin_add_overflow(a, b, &out);
    case ArithmeticOp::kSubtract: return !__builtin_sub_overflow(a, b, &out);
    case ArithmeticOp::kMultiply: return !__builtin_mul_overflow(a, b, &out);
    case ArithmeticOp::kDivide:
      if (b == 0 || (b == -1 && a == std::numeric_limits<std::int64_t>::min())) return false;
      out = a / b;
      return true;
    case ArithmeticOp::kRemainder:
      if (b == 0) return false;
      out = b == -1 ? 0 : a % b;  // the processor traps on the smallest number % -1
      return true;
    case ArithmeticOp::kPower: return integer_power(a, b, out);
  }
  return false;
}

inline bool calculate(ArithmeticOp op, double a, double b, double& out) {
  switch (op) {
    case ArithmeticOp::kAdd: out = a + b; break;
    case ArithmeticOp::kSubtract: out = a - b; break;
    case ArithmeticOp::kMultiply: out = a * b; break;
    case ArithmeticOp::kDivide: out = a / b; break;
    case ArithmeticOp::kRemainder: out = std::fmod(a, b); break;
    case ArithmeticOp::kPower: out = std::pow(a, b); break;
  }
  return std::isfinite(out);
}

/// Null where an operand is no number.
Scalar calculate(ArithmeticOp op, const Scalar& a, const Scalar& b);

/// Calls visit(compare) with a function object for the op, so that loops are compiled per op.
template <class Visit>
void with_op(CompareOp op, Visit&& visit) {
  switch (op) {
    case CompareOp::kEqual: return visit([](const auto& a, const auto& b) { return a == b; });
    case CompareOp::kNotEqual: return visit([](const auto& a, const auto& b) { return a != b; });
    case CompareOp::kLess: return visit([](const auto& a, const auto& b) { return a < b; });
    case CompareOp::kLessEqual: return visit([](const auto& a, const auto& b) { return a <= b; });
    case CompareOp::kGreater: return visit([](const auto& a, const auto& b) { return a > b; });
    case CompareOp::kGreaterEqual:
      return visit([](const auto& a, const auto& b) { return a >= b; });
  }
}

}  // namespace simile::scalar::filter
