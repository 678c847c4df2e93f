#include "simile/scalar/filter/constant_parser.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/base/timestamp.h"
#include "simile/scalar/filter/expression.h"
#include "simile/scalar/json.h"

namespace simile::scalar::filter {

namespace {

/// What an expression could say itself.
bool is_usable(const TemplateValue& value, std::size_t levels) {
  if (const auto* number = std::get_if<double>(&value.value)) return std::isfinite(*number);
  if (const auto* text = std::get_if<std::string>(&value.value)) return is_text(*text);
  const auto* list = std::get_if<std::vector<TemplateValue>>(&value.value);
  if (list == nullptr) return true;
  return levels > 0 && std::ranges::all_of(*list, [levels](const TemplateValue& one) {
           return is_usable(one, levels - 1);
         });
}

}  // namespace

Status ConstantParser::check_levels(std::size_t levels) const {
  if (levels <= kMaxFilterDepth) return {};
  return error(token_.at, "nested too deep",
               join_text("at most ", kMaxFilterDepth, " levels; shorten or split it"));
}

std::unexpected<Error> ConstantParser::error(std::size_t at, std::string_view what,
                                             std::string_view hint) const {
  return filter_error(text_, at, what, hint);
}

std::unexpected<Error> ConstantParser::unexpected_token(std::string_view expected) const {
  const std::string what = token_.kind == TokenKind::kEnd
                               ? std::string("the expression ends")
                               : join_text("unexpected '", token_.text.substr(0, 40), "'");
  return error(token_.at, what, join_text("expected ", expected));
}

Status ConstantParser::advance() {
  SIMILE_ASSIGN(token_, lexer_.next());
  return {};
}

Result<bool> ConstantParser::take(TokenKind kind) {
  if (token_.kind != kind) return false;
  SIMILE_TRY(advance());
  return true;
}

Status ConstantParser::expect(TokenKind kind, std::string_view what) {
  if (token_.kind != kind) return unexpected_token(what);
  return advance();
}

Result<TemplateValue> ConstantParser::parse_constant(std::string_view expected) {
  const Token token = token_;
  switch (token.kind) {
    case TokenKind::kInteger:
      if (token.integer >= kTwoTo63) return error(token.at, "integer out of range");
      SIMILE_TRY(advance());
      return TemplateValue{static_cast<std::int64_t>(token.integer)};
    case TokenKind::kFloat: SIMILE_TRY(advance()); return TemplateValue{token.number};
    case TokenKind::kString: SIMILE_TRY(advance()); return TemplateValue{token.string};
    case TokenKind::kTrue: SIMILE_TRY(advance()); return TemplateValue{true};
    case TokenKind::kFalse: SIMILE_TRY(advance()); return TemplateValue{false};
    case TokenKind::kTemplate: return parse_template();
    case TokenKind::kLeftBracket: return parse_list(TokenKind::kRightBracket);
    case TokenKind::kPlus:
    case TokenKind::kMinus: return parse_signed_constant();
    case TokenKind::kName:
      if (!opens_moment(token)) return unexpected_token(expected);
      SIMILE_TRY(advance());
      return parse_moment(token);
    default: return unexpected_token(expected);
  }
}

bool ConstantParser::opens_moment(const Token& word) {
  return word.text == "ISO" || word.text == "iso" || word.text == "INTERVAL" ||
         word.text == "interval";
}

Result<TemplateValue> ConstantParser::parse_moment(const Token& word) {
  const bool is_moment = word.text.size() == 3;
  if (token_.kind != TokenKind::kString) return unexpected_token("a time in quotes");
  const auto value = is_moment ? parse_timestamp(token_.string) : parse_duration(token_.string);
  if (!value) {
    return error(token_.at,
                 join_text("'", token_.string.substr(0, 40), "' is no ",
                           is_moment ? "moment" : "length of time"),
                 is_moment ? "write ISO '2025-01-31T08:30:00+08:00', or Z for UTC"
                           : "write INTERVAL 'P1DT2H30M5S'; years and months have no fixed length");
  }
  SIMILE_TRY(advance());
  return TemplateValue{*value};
}

Result<TemplateValue> ConstantParser::parse_signed_constant() {
  const bool negative = token_.kind == TokenKind::kMinus;
  SIMILE_TRY(advance());
  const Token token = token_;
  if (token.kind == TokenKind::kFloat) {
    SIMILE_TRY(advance());
    return TemplateValue{negative ? -token.number : token.number};
  }
  if (token.kind != TokenKind::kInteger) return unexpected_token("a number after the sign");
  if (token.integer >= kTwoTo63 && !negative) return error(token.at, "integer out of range");
  SIMILE_TRY(advance());
  // Negated in 64 bits without a sign, where -2^63 has its place.
  return TemplateValue{static_cast<std::int64_t>(negative ? 0 - token.integer : token.integer)};
}

Result<TemplateValue> ConstantParser::parse_template() {
  const Token token = token_;
  SIMILE_TRY(advance());
  std::string given;
  if (values_ != nullptr) {
    if (const auto found = values_->find(token.text); found != values_->end()) {
      if (is_usable(found->second, kMaxFilterDepth)) return found->second;
      return error(token.at, join_text("the value of {", token.text, "} cannot be compared"),
                   "it holds NaN, Inf, text that is not UTF-8 or too many nested lists");
    }
    for (const auto& entry : *values_) given += (given.empty() ? "" : ", ") + entry.first;
  }
  return error(
      token.at,
      join_text("the value of expression template variable name {", token.text, "} is not found"),
      given.empty() ? "no values were given" : join_text("given: ", given));
}

Result<TemplateValue> ConstantParser::calculated(ArithmeticOp op, std::size_t at,
                                                 const TemplateValue& left,
                                                 const TemplateValue& right) const {
  const auto is_number = [](const TemplateValue& value) {
    return std::holds_alternative<std::int64_t>(value.value) ||
           std::holds_alternative<double>(value.value);
  };
  if (!is_number(left) || !is_number(right)) {
    return error(at, join_text("'", name_of(op), "' calculates with numbers"));
  }
  const Scalar result = calculate(op, scalar_of(left), scalar_of(right));
  if (result.kind == Kind::kInt) return TemplateValue{result.integer};
  if (result.kind == Kind::kDouble) return TemplateValue{result.number};
  return error(at, join_text("'", name_of(op), "' has no result here"),
               "it divides by zero, or is too large");
}

Result<TemplateValue> ConstantParser::parse_sum() {
  SIMILE_ASSIGN(TemplateValue left, parse_product());
  while (token_.kind == TokenKind::kPlus || token_.kind == TokenKind::kMinus) {
    const auto op = token_.kind == TokenKind::kPlus ? ArithmeticOp::kAdd : ArithmeticOp::kSubtract;
    const std::size_t at = token_.at;
    SIMILE_TRY(advance());
    SIMILE_ASSIGN(const TemplateValue right, parse_product());
    SIMILE_ASSIGN(left, calculated(op, at, left, right));
  }
  return left;
}

Result<TemplateValue> ConstantParser::parse_product() {
  SIMILE_ASSIGN(TemplateValue left, parse_sign());
  while (token_.kind == TokenKind::kStar || token_.kind == TokenKind::kSlash ||
         token_.kind == TokenKind::kPercent) {
    const auto op = token_.kind == TokenKind::kStar    ? ArithmeticOp::kMultiply
                    : token_.kind == TokenKind::kSlash ? ArithmeticOp::kDivide
                                                       : ArithmeticOp::kRemainder;
    const std::size_t at = token_.at;
    SIMILE_TRY(advance());
    SIMILE_ASSIGN(const TemplateValue right, parse_sign());
    SIMILE_ASSIGN(left, calculated(op, at, left, right));
  }
  return left;
}

Result<TemplateValue> ConstantParser::parse_sign() {
  if (token_.kind != TokenKind::kPlus && token_.kind != TokenKind::kMinus) return parse_power();
  const Level level(levels_);
  SIMILE_TRY(check_levels(levels_));
  const bool negative = token_.kind == TokenKind::kMinus;
  const std::size_t at = token_.at;
  SIMILE_TRY(advance());
  if (negative && token_.kind == TokenKind::kInteger && token_.integer == kTwoTo63) {
    SIMILE_TRY(advance());
    return TemplateValue{std::numeric_limits<std::int64_t>::min()};
  }
  SIMILE_ASSIGN(TemplateValue value, parse_sign());
  const TemplateValue zero{std::int64_t{0}};
  return calculated(negative ? ArithmeticOp::kSubtract : ArithmeticOp::kAdd, at, zero, value);
}

Result<TemplateValue> ConstantParser::parse_power() {
  TemplateValue base;
  if (token_.kind == TokenKind::kLeftParenthesis) {
    const Level level(levels_);
    SIMILE_TRY(check_levels(levels_));
    SIMILE_TRY(advance());
    SIMILE_ASSIGN(base, parse_sum());
    SIMILE_TRY(expect(TokenKind::kRightParenthesis, "a closing parenthesis"));
  } else {
    SIMILE_ASSIGN(base, parse_constant("a constant or the end of the list"));
  }
  if (token_.kind != TokenKind::kPower) return base;
  const std::size_t at = token_.at;
  const Level level(levels_);
  SIMILE_TRY(check_levels(levels_));
  SIMILE_TRY(advance());
  SIMILE_ASSIGN(const TemplateValue exponent, parse_sign());
  return calculated(ArithmeticOp::kPower, at, base, exponent);
}

Result<TemplateValue> ConstantParser::parse_list(TokenKind end) {
  const Level level(levels_);
  SIMILE_TRY(check_levels(levels_));
  SIMILE_TRY(advance());
  std::vector<TemplateValue> values;
  while (token_.kind != end) {
    SIMILE_ASSIGN(TemplateValue value, parse_sum());
    values.push_back(std::move(value));
    if (token_.kind == end) break;
    SIMILE_TRY(expect(TokenKind::kComma, "a comma or the end of the list"));
  }
  SIMILE_TRY(advance());
  return TemplateValue{std::move(values)};
}

}  // namespace simile::scalar::filter
