/// Grammar, loosest first; words in upper case too, && || ! for and or not.
///
///   or         = and {"or" and}
///   and        = not {"and" not}
///   not        = "not" not | comparison
///   comparison = sum [ compare sum {compare sum}     chains rise or fall: 1 < x <= 5
///                    | ["not"] "in" list | ["not"] "like" string | "is" ["not"] "null" ]
///   sum        = product {("+" | "-") product}
///   product    = sign {("*" | "/" | "%") sign}
///   sign       = ("-" | "+") sign | power
///   power      = operand ["**" sign]                 so -2 ** 2 is -4, 2 ** 3 ** 2 is 2 ** 9
///   operand    = constant | "(" or ")"
///              | "exists" operand | function "(" sum {"," sum} ")"
///              | name {"[" (string | integer) "]"}
///
/// Constants and lists are in constant_parser.h.

#include "simile/scalar/filter/parser.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/scalar/filter/constant_parser.h"
#include "simile/scalar/filter/functions.h"

namespace simile::scalar::filter {

namespace {

using ExpressionKind = Expression::Kind;

constexpr std::int64_t kMaxSlop = 1'000'000;

bool is_rising(CompareOp op) { return op == CompareOp::kLess || op == CompareOp::kLessEqual; }
bool is_falling(CompareOp op) {
  return op == CompareOp::kGreater || op == CompareOp::kGreaterEqual;
}

class Parser : private ConstantParser {
 public:
  using ConstantParser::ConstantParser;

  Result<ExpressionPtr> parse() {
    SIMILE_TRY(advance());
    SIMILE_ASSIGN(ExpressionPtr root, parse_or());
    if (token_.kind != TokenKind::kEnd) return unexpected_token("the end or and, or");
    return root;
  }

 private:
  /// A node at `at`; the first failure of the limits is reported here.
  Result<ExpressionPtr> node(ExpressionKind kind, std::size_t at,
                             std::vector<ExpressionPtr> children = {}) {
    auto expression = std::make_shared<Expression>();
    expression->kind = kind;
    expression->at = at;
    expression->children = std::move(children);
    for (const ExpressionPtr& child : expression->children) {
      expression->depth = std::max(expression->depth, child->depth + 1);
    }
    SIMILE_TRY(check_levels(expression->depth));
    if (++nodes_ > kMaxFilterNodes) {
      return error(at, join_text("more than ", kMaxFilterNodes, " operators and operands"),
                   "write field in [...] for many values");
    }
    return expression;
  }

  template <class ParseChild>
  Result<ExpressionPtr> parse_joined(TokenKind word, ExpressionKind kind,
                                     ParseChild&& parse_child) {
    const std::size_t at = token_.at;
    SIMILE_ASSIGN(ExpressionPtr first, parse_child());
    if (token_.kind != word) return first;
    std::vector<ExpressionPtr> children;
    children.push_back(std::move(first));
    while (token_.kind == word) {
      SIMILE_TRY(advance());
      SIMILE_ASSIGN(ExpressionPtr child, parse_child());
      children.push_back(std::move(child));
    }
    return node(kind, at, std::move(children));
  }

  Result<ExpressionPtr> parse_or() {
    return parse_joined(TokenKind::kOr, ExpressionKind::kOr, [this] { return parse_and(); });
  }
  Result<ExpressionPtr> parse_and() {
    return parse_joined(TokenKind::kAnd, ExpressionKind::kAnd, [this] { return parse_not(); });
  }

  Result<ExpressionPtr> parse_not() {
    if (token_.kind != TokenKind::kNot) return parse_comparison();
    const Level level(levels_);
    const std::size_t at = token_.at;
    SIMILE_TRY(check_levels(levels_));
    SIMILE_TRY(advance());
    SIMILE_ASSIGN(ExpressionPtr child, parse_not());
    return negated(at, std::move(child));
  }

  Result<ExpressionPtr> negated(std::size_t at, ExpressionPtr child) {
    return node(ExpressionKind::kNot, at, {std::move(child)});
  }

  Result<ExpressionPtr> parse_comparison() {
    SIMILE_ASSIGN(ExpressionPtr left, parse_sum());
    switch (token_.kind) {
      case TokenKind::kCompare: return parse_chain(std::move(left));
      case TokenKind::kIs: return parse_is(std::move(left));
      case TokenKind::kIn: return parse_in(std::move(left));
      case TokenKind::kLike: return parse_like(std::move(left));
      case TokenKind::kNot: break;
      default: return left;
    }
    const std::size_t at = left->at;
    SIMILE_TRY(advance());
    if (token_.kind != TokenKind::kIn && token_.kind != TokenKind::kLike) {
      return unexpected_token("in or like after not");
    }
    SIMILE_ASSIGN(ExpressionPtr condition, token_.kind == TokenKind::kIn
                                               ? parse_in(std::move(left))
                                               : parse_like(std::move(left)));
    return negated(at, std::move(condition));
  }

  Status check_value(const ExpressionPtr& expression) const {
    if (!expression->is_condition()) return {};
    return error(expression->at, "a condition stands where a value is expected",
                 "join conditions with and, or, not");
  }

  Result<ExpressionPtr> compared(CompareOp op, ExpressionPtr left, ExpressionPtr right) {
    const std::size_t at = left->at;
    SIMILE_ASSIGN(ExpressionPtr condition,
                  node(ExpressionKind::kCompare, at, {std::move(left), std::move(right)}));
    condition->compare = op;
    return condition;
  }

  Result<ExpressionPtr> parse_chain(ExpressionPtr left) {
    const std::size_t at = left->at;
    std::vector<ExpressionPtr> links;
    std::optional<CompareOp> before;
    SIMILE_TRY(check_value(left));
    while (token_.kind == TokenKind::kCompare) {
      const CompareOp op = token_.compare;
      const bool chains = !before || (is_rising(*before) && is_rising(op)) ||
                          (is_falling(*before) && is_falling(op));
      if (!chains) {
        return error(token_.at, join_text("'", token_.text, "' cannot go on a chain"),
                     "chain only < and <=, or > and >=; else join comparisons with and");
      }
      before = op;
      SIMILE_TRY(advance());
      SIMILE_ASSIGN(ExpressionPtr right, parse_sum());
      SIMILE_TRY(check_value(right));
      SIMILE_ASSIGN(ExpressionPtr link, compared(op, std::move(left), right));
      links.push_back(std::move(link));
      left = std::move(right);  // the middle of a chain belongs to both comparisons
    }
    if (links.size() == 1) return std::move(links[0]);
    return node(ExpressionKind::kAnd, at, std::move(links));
  }

  Result<ExpressionPtr> applied(ExpressionKind kind, ExpressionPtr operand) {
    SIMILE_TRY(check_value(operand));
    const std::size_t at = operand->at;
    return node(kind, at, {std::move(operand)});
  }

  Result<ExpressionPtr> parse_is(ExpressionPtr left) {
    SIMILE_TRY(advance());
    SIMILE_ASSIGN(const bool negative, take(TokenKind::kNot));
    SIMILE_TRY(expect(TokenKind::kNull, "null after is"));
    const std::size_t at = left->at;
    SIMILE_ASSIGN(ExpressionPtr condition, applied(ExpressionKind::kIsNull, std::move(left)));
    return negative ? negated(at, std::move(condition)) : std::move(condition);
  }

  Result<ExpressionPtr> parse_in(ExpressionPtr left) {
    SIMILE_TRY(advance());
    if (token_.kind == TokenKind::kNot) {
      return error(token_.at, "not can only apply on boolean: invalid parameter",
                   "write x not in [1, 2]");
    }
    SIMILE_ASSIGN(ExpressionPtr condition, applied(ExpressionKind::kIn, std::move(left)));
    const std::size_t at = token_.at;
    if (token_.kind == TokenKind::kLeftParenthesis) {
      SIMILE_ASSIGN(condition->literal, parse_list(TokenKind::kRightParenthesis));
    } else {
      SIMILE_ASSIGN(condition->literal, parse_constant("a list in brackets after in"));
    }
    if (!std::holds_alternative<std::vector<TemplateValue>>(condition->literal.value)) {
      return error(at, "the right-hand side of 'in' must be a list", "write x in [1, 2]");
    }
    return condition;
  }

  Result<ExpressionPtr> parse_like(ExpressionPtr left) {
    SIMILE_TRY(advance());
    SIMILE_ASSIGN(ExpressionPtr condition, applied(ExpressionKind::kLike, std::move(left)));
    const std::size_t at = token_.at;
    SIMILE_ASSIGN(condition->literal, parse_constant("a pattern in quotes after like"));
    if (!std::holds_alternative<std::string>(condition->literal.value)) {
      return error(at, "after like comes a string", "write x like 'ab%'");
    }
    return condition;
  }

  /// Children of the same strength group from the left.
  template <class OpOf, class ParseChild>
  Result<ExpressionPtr> parse_arithmetic(OpOf&& op_of, ParseChild&& parse_child) {
    SIMILE_ASSIGN(ExpressionPtr left, parse_child());
    for (std::optional<ArithmeticOp> op; (op = op_of(token_.kind));) {
      SIMILE_TRY(advance());
      SIMILE_ASSIGN(ExpressionPtr right, parse_child());
      SIMILE_ASSIGN(left, calculated(*op, std::move(left), std::move(right)));
    }
    return left;
  }

  Result<ExpressionPtr> calculated(ArithmeticOp op, ExpressionPtr left, ExpressionPtr right) {
    SIMILE_TRY(check_value(left));
    SIMILE_TRY(check_value(right));
    const std::size_t at = left->at;
    SIMILE_ASSIGN(ExpressionPtr value,
                  node(ExpressionKind::kArithmetic, at, {std::move(left), std::move(right)}));
    value->arithmetic = op;
    return value;
  }

  Result<ExpressionPtr> parse_sum() {
    const auto op_of = [](TokenKind kind) -> std::optional<ArithmeticOp> {
      if (kind == TokenKind::kPlus) return ArithmeticOp::kAdd;
      if (kind == TokenKind::kMinus) return ArithmeticOp::kSubtract;
      return std::nullopt;
    };
    return parse_arithmetic(op_of, [this] { return parse_product(); });
  }

  Result<ExpressionPtr> parse_product() {
    const auto op_of = [](TokenKind kind) -> std::optional<ArithmeticOp> {
      if (kind == TokenKind::kStar) return ArithmeticOp::kMultiply;
      if (kind == TokenKind::kSlash) return ArithmeticOp::kDivide;
      if (kind == TokenKind::kPercent) return ArithmeticOp::kRemainder;
      return std::nullopt;
    };
    return parse_arithmetic(op_of, [this] { return parse_sign(); });
  }

  Result<ExpressionPtr> parse_sign() {
    if (token_.kind != TokenKind::kPlus && token_.kind != TokenKind::kMinus) return parse_power();
    const Level level(levels_);
    const std::size_t at = token_.at;
    SIMILE_TRY(check_levels(levels_));
    if (token_.kind == TokenKind::kPlus) {
      SIMILE_TRY(advance());
      SIMILE_ASSIGN(ExpressionPtr value, parse_sign());
      SIMILE_TRY(check_value(value));
      return value;
    }
    SIMILE_TRY(advance());
    if (token_.kind == TokenKind::kInteger && token_.integer == kTwoTo63) {
      SIMILE_TRY(advance());
      return literal(at, {std::numeric_limits<std::int64_t>::min()});
    }
    SIMILE_ASSIGN(ExpressionPtr value, parse_sign());
    SIMILE_ASSIGN(ExpressionPtr negative, applied(ExpressionKind::kNegative, std::move(value)));
    negative->at = at;
    return negative;
  }

  Result<ExpressionPtr> parse_power() {
    SIMILE_ASSIGN(ExpressionPtr base, parse_operand());
    if (token_.kind != TokenKind::kPower) return base;
    const Level level(levels_);
    SIMILE_TRY(check_levels(levels_));
    SIMILE_TRY(advance());
    SIMILE_ASSIGN(ExpressionPtr exponent, parse_sign());
    return calculated(ArithmeticOp::kPower, std::move(base), std::move(exponent));
  }

  Result<ExpressionPtr> literal(std::size_t at, TemplateValue value) {
    SIMILE_ASSIGN(ExpressionPtr expression, node(ExpressionKind::kLiteral, at));
    expression->literal = std::move(value);
    return expression;
  }

  Result<ExpressionPtr> parse_operand() {
    const Level level(levels_);
    SIMILE_TRY(check_levels(levels_));
    switch (token_.kind) {
      case TokenKind::kLeftParenthesis: return parse_group();
      case TokenKind::kExists: return parse_exists();
      case TokenKind::kName: return parse_name();
      case TokenKind::kNull:
        return error(token_.at, "null has no value", "write x is null or x is not null");
      default: return parse_literal();
    }
  }

  Result<ExpressionPtr> parse_group() {
    SIMILE_TRY(advance());
    SIMILE_ASSIGN(ExpressionPtr inner, parse_or());
    SIMILE_TRY(expect(TokenKind::kRightParenthesis, "a closing parenthesis"));
    return inner;
  }

  Result<ExpressionPtr> parse_exists() {
    const std::size_t at = token_.at;
    SIMILE_TRY(advance());
    SIMILE_ASSIGN(ExpressionPtr operand, parse_operand());
    SIMILE_ASSIGN(ExpressionPtr absent, applied(ExpressionKind::kIsNull, std::move(operand)));
    return negated(at, std::move(absent));
  }

  Result<ExpressionPtr> parse_literal() {
    const std::size_t at = token_.at;
    SIMILE_ASSIGN(TemplateValue value, parse_constant("a value"));
    return literal(at, std::move(value));
  }

  Result<ExpressionPtr> parse_name() {
    const Token name = token_;
    SIMILE_TRY(advance());
    if (token_.kind == TokenKind::kLeftParenthesis) return parse_function(name);
    if (token_.kind == TokenKind::kString && opens_moment(name)) {
      SIMILE_ASSIGN(TemplateValue value, parse_moment(name));
      return literal(name.at, std::move(value));
    }
    SIMILE_ASSIGN(ExpressionPtr reference, node(ExpressionKind::kReference, name.at));
    reference->name = name.text;
    while (token_.kind == TokenKind::kLeftBracket) {
      SIMILE_TRY(advance());
      if (token_.kind == TokenKind::kString) {
        reference->path.emplace_back(token_.string);
      } else if (token_.kind == TokenKind::kInteger) {
        reference->path.emplace_back(static_cast<std::size_t>(token_.integer));
      } else {
        return unexpected_token("a key in quotes or a position, from 0");
      }
      SIMILE_TRY(advance());
      SIMILE_TRY(expect(TokenKind::kRightBracket, "a closing bracket"));
      if (reference->path.size() > kMaxFilterDepth) {
        return error(name.at, "nested too deep", join_text("at most ", kMaxFilterDepth, " levels"));
      }
    }
    return reference;
  }

  Result<ExpressionPtr> parse_function(const Token& name) {
    const Function* function = find_function(name.text);
    if (function == nullptr) {
      std::string known;
      for (const Function& one : kFunctions)
        known += join_text(known.empty() ? "" : ", ", one.name);
      return error(name.at, join_text("unknown function '", name.text, "'"),
                   join_text("known: ", known));
    }
    SIMILE_TRY(advance());
    if (function->kind == ExpressionKind::kSample) return parse_sample(name.at);
    SIMILE_ASSIGN(ExpressionPtr operand, parse_sum());
    SIMILE_ASSIGN(ExpressionPtr call, applied(function->kind, std::move(operand)));
    call->at = name.at;
    call->mode = function->mode;
    if (function->kind == ExpressionKind::kContains) {
      SIMILE_TRY(expect(TokenKind::kComma, "a comma and what is contained"));
      const std::size_t at = token_.at;
      SIMILE_ASSIGN(call->literal, parse_constant("a constant"));
      const bool is_list = std::holds_alternative<std::vector<TemplateValue>>(call->literal.value);
      if (call->mode != ContainsMode::kOne && !is_list) {
        return error(at,
                     join_text(call->mode == ContainsMode::kAll ? "ContainsAll" : "ContainsAny",
                               " operation element must be an array"),
                     "write [1, 2]");
      }
    }
    if (function->kind == ExpressionKind::kText || function->kind == ExpressionKind::kPhrase) {
      SIMILE_TRY(parse_words(*call));
    }
    if (function->kind == ExpressionKind::kSpatial) {
      call->relation = function->relation;
      SIMILE_TRY(parse_geometry(*call));
    }
    SIMILE_TRY(expect(TokenKind::kRightParenthesis, "a closing parenthesis"));
    return call;
  }

  /// The other geometry, and the distance to it.
  Status parse_geometry(Expression& call) {
    std::vector<TemplateValue> both = {{std::string()}, {0.0}};
    if (call.relation != SpatialRelation::kValid) {
      SIMILE_TRY(expect(TokenKind::kComma, "a comma and a geometry"));
      const std::size_t at = token_.at;
      SIMILE_ASSIGN(both[0], parse_constant("a geometry in quotes"));
      if (!std::holds_alternative<std::string>(both[0].value)) {
        return error(at, "a geometry is a string", "write st_within(x, 'POLYGON ((...))')");
      }
    }
    if (call.relation == SpatialRelation::kDistance) {
      SIMILE_TRY(expect(TokenKind::kComma, "a comma and a distance in meters"));
      const std::size_t at = token_.at;
      SIMILE_ASSIGN(const TemplateValue given, parse_constant("a distance in meters"));
      const Scalar number = scalar_of(given);
      const double meters = number.kind == Kind::kInt      ? static_cast<double>(number.integer)
                            : number.kind == Kind::kDouble ? number.number
                                                           : -1.0;
      if (!(meters >= 0)) {
        return error(at, "the distance of st_dwithin is a number of meters, not negative",
                     "write st_dwithin(x, 'POINT (13.4 52.5)', 500)");
      }
      both[1].value = meters;
    }
    call.literal.value = std::move(both);
    return {};
  }

  Result<ExpressionPtr> parse_sample(std::size_t at) {
    constexpr double kLeast = 1e-10;
    SIMILE_ASSIGN(ExpressionPtr call, node(ExpressionKind::kSample, at));
    const std::size_t share_at = token_.at;
    SIMILE_ASSIGN(call->literal, parse_constant("a share of the rows"));
    const auto* share = std::get_if<double>(&call->literal.value);
    if (share == nullptr || *share <= kLeast || *share >= 1 - kLeast) {
      return error(share_at,
                   "the sample factor should be between 0 and 1 and not too close to 0 or 1",
                   "write random_sample(0.1) for a tenth of the rows");
    }
    SIMILE_TRY(expect(TokenKind::kRightParenthesis, "a closing parenthesis"));
    return call;
  }

  Status parse_words(Expression& call) {
    SIMILE_TRY(expect(TokenKind::kComma, "a comma and the words"));
    const std::size_t at = token_.at;
    SIMILE_ASSIGN(call.literal, parse_constant("words in quotes"));
    if (!std::holds_alternative<std::string>(call.literal.value)) {
      return error(at, "words are a string", "write text_match(x, 'a b')");
    }
    if (call.kind == ExpressionKind::kText) return {};
    std::int64_t slop = 0;
    if (token_.kind == TokenKind::kComma) {
      SIMILE_TRY(advance());
      const std::size_t slop_at = token_.at;
      SIMILE_ASSIGN(const TemplateValue given, parse_constant("a number of words"));
      const auto* number = std::get_if<std::int64_t>(&given.value);
      if (number == nullptr || *number < 0 || *number > kMaxSlop) {
        return error(slop_at, join_text("the slop is a number from 0 to ", kMaxSlop));
      }
      slop = *number;
    }
    std::vector<TemplateValue> both = {std::move(call.literal), {slop}};
    call.literal.value = std::move(both);
    return {};
  }

  std::size_t nodes_ = 0;
};

}  // namespace

Result<ExpressionPtr> parse(std::string_view text, const TemplateValues* values) {
  return Parser(text, values).parse();
}

}  // namespace simile::scalar::filter
