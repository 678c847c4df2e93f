#include "simile/scalar/filter/scalar.h"

#include <array>

#include "simile/base/text.h"

namespace simile::scalar::filter {

namespace {

constexpr double kTwoTo63 = 9'223'372'036'854'775'808.0;

double as_double(const Scalar& value) {
  return value.kind == Kind::kInt ? static_cast<double>(value.integer) : value.number;
}

bool holds(CompareOp op, int order) {
  bool result = false;
  with_op(op, [&](auto&& compare_with) { result = compare_with(order, 0); });
  return result;
}

int order_of(const Scalar& a, const Scalar& b) {
  const auto sign = [](const auto& x, const auto& y) { return x < y ? -1 : x > y ? 1 : 0; };
  if (a.kind == Kind::kString) return sign(a.text, b.text);
  if (a.kind == Kind::kBool) return sign(a.truth, b.truth);
  if (a.kind == Kind::kInt && b.kind == Kind::kInt) return sign(a.integer, b.integer);
  if (a.kind == Kind::kInt) return compare_exactly(a.integer, b.number);
  if (b.kind == Kind::kInt) return -compare_exactly(b.integer, a.number);
  return sign(a.number, b.number);
}

}  // namespace

bool integer_power(std::int64_t base, std::int64_t exponent, std::int64_t& out) {
  if (exponent < 0) return false;
  out = 1;
  for (;;) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(out, base, &out)) return false;
    exponent >>= 1;
    if (exponent == 0) return true;
    if (__builtin_mul_overflow(base, base, &base)) return false;
  }
}

Scalar scalar_of(const TemplateValue& value) {
  struct Convert {
    Scalar operator()(bool truth) const { return Scalar(truth); }
    Scalar operator()(std::int64_t integer) const { return Scalar(integer); }
    Scalar operator()(double number) const { return Scalar(number); }
    Scalar operator()(const std::string& text) const { return Scalar(std::string_view(text)); }
    Scalar operator()(const std::vector<TemplateValue>&) const {
      Scalar list;
      list.kind = Kind::kOther;
      return list;
    }
  };
  return std::visit(Convert(), value.value);
}

std::string describe(const TemplateValue& value) {
  const Scalar scalar = scalar_of(value);
  constexpr std::size_t kShown = 40;
  switch (scalar.kind) {
    case Kind::kNull: return "null";
    case Kind::kBool: return scalar.truth ? "true" : "false";
    case Kind::kInt: return join_text(scalar.integer);
    case Kind::kDouble: return join_text(scalar.number);
    case Kind::kString:
      // A cut text stays UTF-8 where the cut is not inside a character.
      if (scalar.text.size() > kShown) return "a long string";
      return join_text("'", scalar.text, "'");
    case Kind::kOther: return "a list";
  }
  return "";
}

int compare_exactly(std::int64_t a, double b) {
  if (b >= kTwoTo63) return -1;
  if (b < -kTwoTo63) return 1;
  const auto whole = static_cast<std::int64_t>(b);  // cut towards zero, exact
  if (a != whole) return a < whole ? -1 : 1;
  const double rest = b - static_cast<double>(whole);
  return rest > 0 ? -1 : rest < 0 ? 1 : 0;
}

std::optional<bool> compare(CompareOp op, const Scalar& a, const Scalar& b) {
  if (a.kind == Kind::kNull || b.kind == Kind::kNull) return std::nullopt;
  const bool same_kind = a.kind == b.kind || (a.is_number() && b.is_number());
  const bool is_equality = op == CompareOp::kEqual || op == CompareOp::kNotEqual;
  if (!same_kind) {
    if (!is_equality) return std::nullopt;
    return op == CompareOp::kNotEqual;
  }
  if (a.kind == Kind::kOther) return std::nullopt;
  if (a.kind == Kind::kBool && !is_equality) return std::nullopt;
  return holds(op, order_of(a, b));
}

CompareOp mirrored(CompareOp op) {
  switch (op) {
    case CompareOp::kLess: return CompareOp::kGreater;
    case CompareOp::kLessEqual: return CompareOp::kGreaterEqual;
    case CompareOp::kGreater: return CompareOp::kLess;
    case CompareOp::kGreaterEqual: return CompareOp::kLessEqual;
    default: return op;
  }
}

CompareOp inverse(CompareOp op) {
  switch (op) {
    case CompareOp::kEqual: return CompareOp::kNotEqual;
    case CompareOp::kNotEqual: return CompareOp::kEqual;
    case CompareOp::kLess: return CompareOp::kGreaterEqual;
    case CompareOp::kLessEqual: return CompareOp::kGreater;
    case CompareOp::kGreater: return CompareOp::kLessEqual;
    case CompareOp::kGreaterEqual: return CompareOp::kLess;
  }
  return op;
}

std::string_view name_of(CompareOp op) {
  constexpr std::array<std::string_view, 6> kNames = {"==", "!=", "<", "<=", ">", ">="};
  return kNames[static_cast<std::size_t>(op)];
}

std::string_view name_of(ArithmeticOp op) {
  constexpr std::array<std::string_view, 6> kNames = {"+", "-", "*", "/", "%", "**"};
  return kNames[static_cast<std::size_t>(op)];
}

Scalar calculate(ArithmeticOp op, const Scalar& a, const Scalar& b) {
  if (!a.is_number() || !b.is_number()) return {};
  if (a.kind == Kind::kInt && b.kind == Kind::kInt) {
    std::int64_t out = 0;
    return calculate(op, a.integer, b.integer, out) ? Scalar(out) : Scalar();
  }
  double out = 0;
  return calculate(op, as_double(a), as_double(b), out) ? Scalar(out) : Scalar();
}

}  // namespace simile::scalar::filter
