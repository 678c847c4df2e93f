/// 1. Every name is looked up, and the type of every value is known from the schema or is JSON's;
///    what can never be true for its type is an error here, not an empty result later.
/// 2. `not` is moved down to the comparisons (De Morgan; == becomes !=, < becomes >=), which keeps
///    three-valued logic: where a comparison is unknown, its opposite is too.
/// 3. Constants are calculated once.

#include "simile/scalar/filter/compiler.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::scalar::filter {

namespace {

using ExpressionKind = Expression::Kind;

/// A side of a comparison or calculation.
struct Operand {
  std::optional<Scalar> constant;       // then nothing else is set
  ValuePtr value;                       //
  std::optional<FieldRef> plain_field;  // where the value is a field as it lies
  bool single = false;                  // the value came from float32
  std::size_t at = 0;
};

std::string type_text(const Operand& operand) {
  if (!operand.constant) return std::string(name_of(operand.value->type()));
  switch (operand.constant->kind) {
    case Kind::kBool: return "bool";
    case Kind::kInt: return "integer";
    case Kind::kDouble: return "number";
    case Kind::kString: return "string";
    default: return "list";
  }
}

/// What may be compared and calculated with each other; JSON goes with everything.
enum class Family : std::uint8_t { kBool, kNumber, kString, kList, kAny };

Family family_of(Kind kind) {
  switch (kind) {
    case Kind::kBool: return Family::kBool;
    case Kind::kString: return Family::kString;
    case Kind::kOther: return Family::kList;
    case Kind::kNull: return Family::kAny;  // a calculation without a result
    default: return Family::kNumber;
  }
}

Family family_of(const Operand& operand) {
  if (operand.constant) return family_of(operand.constant->kind);
  switch (operand.value->type()) {
    case ValueType::kBool: return Family::kBool;
    case ValueType::kString: return Family::kString;
    case ValueType::kDynamic: return Family::kAny;
    default: return Family::kNumber;
  }
}

class Compiler {
 public:
  Compiler(std::string_view text, const Schema& schema, std::string_view dynamic_field)
      : text_(text), schema_(schema), dynamic_field_(dynamic_field) {}

  Result<Compiled> compile(const Expression& root) {
    SIMILE_ASSIGN(ConditionPtr condition, build(root, false));
    return Compiled{std::move(condition), std::move(fields_)};
  }

 private:
  /// A name with its field: for a dynamic name the path is longer by it.
  struct Reference {
    const Field* field;
    JsonPath path;
    std::size_t column;
  };

  std::unexpected<Error> error(std::size_t at, std::string_view what,
                               std::string_view hint = {}) const {
    return filter_error(text_, at, what, hint);
  }

  Result<Reference> resolve(const Expression& expression) {
    Reference reference{schema_.find(expression.name), expression.path, 0};
    if (reference.field == nullptr && !dynamic_field_.empty()) {
      reference.field = schema_.find(dynamic_field_);
      if (expression.name != "$meta")
        reference.path.insert(reference.path.begin(), expression.name);
    }
    if (reference.field == nullptr) {
      std::string known;
      for (const Field& field : schema_.fields()) {
        if (!field.is_searched()) known += (known.empty() ? "" : ", ") + field.name;
      }
      return error(expression.at, join_text("unknown field '", expression.name, "'"),
                   join_text("known fields: ", known));
    }
    SIMILE_TRY(check_path(expression, *reference.field));
    const auto known = std::ranges::find(fields_, reference.field->name);
    reference.column = static_cast<std::size_t>(known - fields_.begin());
    if (known == fields_.end()) fields_.push_back(reference.field->name);
    return reference;
  }

  Status check_path(const Expression& expression, const Field& field) const {
    const JsonPath& path = expression.path;
    switch (field.type) {
      case FieldType::kVector:
      case FieldType::kSparse:
        return error(expression.at, join_text("field '", field.name, "' is a vector"),
                     "filters look at the other fields");
      case FieldType::kJson: return {};
      case FieldType::kArray:
        if (path.size() <= 1 && std::ranges::all_of(path, [](const auto& step) {
              return std::holds_alternative<std::size_t>(step);
            })) {
          return {};
        }
        return error(expression.at, join_text("field '", field.name, "' is an array"),
                     "write one position, from 0: a[0]");
      default:
        if (path.empty()) return {};
        return error(expression.at, join_text("field '", field.name, "' is ", name_of(field.type)),
                     "only JSON and arrays have [...]");
    }
  }

  Result<Operand> operand(const Expression& expression) {
    Operand operand;
    operand.at = expression.at;
    switch (expression.kind) {
      case ExpressionKind::kLiteral:
        operand.constant = scalar_of(expression.literal);
        return operand;
      case ExpressionKind::kReference: return reference_operand(expression);
      case ExpressionKind::kLength: return length_operand(expression);
      case ExpressionKind::kNegative: {
        Operand zero;
        zero.constant = Scalar(std::int64_t{0});
        zero.at = expression.at;
        SIMILE_ASSIGN(Operand child, this->operand(*expression.children[0]));
        // -0.0 == 0.0, so the difference from zero serves for every number.
        const bool single = child.single;
        SIMILE_ASSIGN(operand,
                      calculated(ArithmeticOp::kSubtract, std::move(zero), std::move(child)));
        operand.single = single;
        return operand;
      }
      case ExpressionKind::kArithmetic: {
        SIMILE_ASSIGN(Operand left, this->operand(*expression.children[0]));
        SIMILE_ASSIGN(Operand right, this->operand(*expression.children[1]));
        return calculated(expression.arithmetic, std::move(left), std::move(right));
      }
      default:
        return error(expression.at, "a condition stands where a value is expected",
                     "join conditions with and, or, not");
    }
  }

  Result<Operand> reference_operand(const Expression& expression) {
    SIMILE_ASSIGN(Reference reference, resolve(expression));
    const Field& field = *reference.field;
    Operand operand;
    operand.at = expression.at;
    if (field.type == FieldType::kJson) {
      operand.value = make_json_value(reference.column, std::move(reference.path));
      return operand;
    }
    if (field.type == FieldType::kArray) {
      if (reference.path.empty()) {
        return error(expression.at, join_text("field '", field.name, "' is an array"),
                     "write a[0], array_length(a) or array_contains(a, value)");
      }
      operand.single = field.element_type == FieldType::kFloat;
      operand.value = make_element(reference.column, field.element_type,
                                   std::get<std::size_t>(reference.path[0]));
      return operand;
    }
    operand.single = field.type == FieldType::kFloat;
    operand.plain_field = FieldRef{reference.column, field.type};
    operand.value = make_field_value(reference.column, field.type);
    return operand;
  }

  /// The array or JSON that a function is applied to.
  Result<Reference> container(const Expression& call) {
    const Expression& argument = *call.children[0];
    const std::string_view hint =
        "the functions take an array or JSON, array_length(a) for example";
    if (argument.kind != ExpressionKind::kReference) {
      return error(argument.at, "no field", hint);
    }
    SIMILE_ASSIGN(Reference reference, resolve(argument));
    const FieldType type = reference.field->type;
    const bool fits =
        type == FieldType::kJson || (type == FieldType::kArray && argument.path.empty());
    if (fits) return reference;
    return error(argument.at, join_text("'", reference.field->name, "' is no array here"), hint);
  }

  Result<Operand> length_operand(const Expression& call) {
    SIMILE_ASSIGN(Reference reference, container(call));
    Operand operand;
    operand.at = call.at;
    operand.value = reference.field->type == FieldType::kArray
                        ? make_array_length(reference.column)
                        : make_json_length(reference.column, std::move(reference.path));
    return operand;
  }

  Result<Operand> calculated(ArithmeticOp op, Operand left, Operand right) {
    for (const Operand* side : {&left, &right}) {
      const Family family = family_of(*side);
      if (family == Family::kNumber || family == Family::kAny) continue;
      return error(side->at, join_text("'", name_of(op), "' does not work on ", type_text(*side)),
                   "it calculates with numbers");
    }
    Operand result;
    result.at = left.at;
    for (const Operand* side : {&left, &right}) {
      if (!side->constant || side->constant->kind != Kind::kNull) continue;
      result.constant = Scalar();
      return result;
    }
    if (left.constant && right.constant) {
      result.constant = calculate(op, *left.constant, *right.constant);
      return result;
    }
    ValuePtr a =
        left.constant ? constant_beside(*right.value, *left.constant) : std::move(left.value);
    ValuePtr b = right.constant ? constant_beside(*a, *right.constant) : std::move(right.value);
    result.value = make_arithmetic(op, std::move(a), std::move(b));
    return result;
  }

  /// The value of an operand, constant or not.
  static ValuePtr materialised(Operand operand) {
    return operand.constant ? make_constant(*operand.constant) : std::move(operand.value);
  }

  /// The constant beside a value of this type: where no digit is lost, it gets the same type once
  /// instead of in every row.
  static ValuePtr constant_beside(const Value& value, const Scalar& constant) {
    constexpr std::int64_t kExact = std::int64_t{1} << 53;
    const bool widen = value.type() == ValueType::kDouble && constant.kind == Kind::kInt &&
                       constant.integer >= -kExact && constant.integer <= kExact;
    return make_constant(widen ? Scalar(static_cast<double>(constant.integer)) : constant);
  }

  Result<ConditionPtr> build(const Expression& expression, bool negate) {
    switch (expression.kind) {
      case ExpressionKind::kNot: return build(*expression.children[0], !negate);
      case ExpressionKind::kAnd:
      case ExpressionKind::kOr: return build_joined(expression, negate);
      case ExpressionKind::kCompare: return build_comparison(expression, negate);
      case ExpressionKind::kIn: return build_membership(expression, negate);
      case ExpressionKind::kLike:
      case ExpressionKind::kText:
      case ExpressionKind::kPhrase: return build_like(expression, negate);
      case ExpressionKind::kIsNull: return build_null(expression, !negate);
      case ExpressionKind::kContains: return build_contains(expression, negate);
      case ExpressionKind::kSpatial: return build_spatial(expression, negate);
      case ExpressionKind::kSample:
        return error(expression.at,
                     "random sample expression can only be the last expression in the logical and "
                     "expression",
                     "write x > 1 and random_sample(0.1)");
      default: return build_truth(expression, negate);
    }
  }

  Result<ConditionPtr> build_joined(const Expression& expression, bool negate) {
    std::vector<ConditionPtr> children;
    for (const ExpressionPtr& child : expression.children) {
      SIMILE_ASSIGN(ConditionPtr condition, build(*child, negate));
      children.push_back(std::move(condition));
    }
    const bool is_and = (expression.kind == ExpressionKind::kAnd) != negate;
    return is_and ? make_and(std::move(children)) : make_or(std::move(children));
  }

  /// A value that stands for itself: true where it is true.
  Result<ConditionPtr> build_truth(const Expression& expression, bool negate) {
    SIMILE_ASSIGN(Operand value, operand(expression));
    const Family family = family_of(value);
    // A bare name that is no field is more likely mistyped than true in the dynamic field.
    const bool is_bare = expression.kind == ExpressionKind::kReference && expression.path.empty();
    if (family != Family::kBool && (family != Family::kAny || is_bare)) {
      return error(
          expression.at,
          join_text("a value of type ", type_text(value), " stands where a condition is expected"),
          family == Family::kAny ? "write x == true" : "write a comparison, x != 0 for example");
    }
    Operand truth;
    truth.constant = Scalar(true);
    return compared(negate ? CompareOp::kNotEqual : CompareOp::kEqual, std::move(value),
                    std::move(truth));
  }

  Result<ConditionPtr> build_comparison(const Expression& expression, bool negate) {
    if (const Expression* array = array_beside_list(expression)) {
      return build_same(expression, *array, negate);
    }
    CompareOp op = negate ? inverse(expression.compare) : expression.compare;
    SIMILE_ASSIGN(Operand left, operand(*expression.children[0]));
    SIMILE_ASSIGN(Operand right, operand(*expression.children[1]));
    const Family a = family_of(left);
    const Family b = family_of(right);
    if (a == Family::kList || b == Family::kList) {
      return error(expression.at, "a list cannot be compared",
                   "write x in [...] or array_contains_all(a, [...])");
    }
    if (a != b && a != Family::kAny && b != Family::kAny) {
      return error(expression.at, join_text("cannot compare ", describe(*expression.children[0]),
                                            " with ", describe(*expression.children[1])));
    }
    const bool ordered = op != CompareOp::kEqual && op != CompareOp::kNotEqual;
    if (ordered && (a == Family::kBool || b == Family::kBool)) {
      return error(expression.at,
                   join_text("'", name_of(expression.compare), "' has no meaning for bool"),
                   "write == or !=");
    }
    if (left.constant && !right.constant) {
      std::swap(left, right);
      op = mirrored(op);
    }
    return compared(op, std::move(left), std::move(right));
  }

  static const std::vector<TemplateValue>* list_of(const Expression& expression) {
    if (expression.kind != ExpressionKind::kLiteral) return nullptr;
    return std::get_if<std::vector<TemplateValue>>(&expression.literal.value);
  }

  /// The side of an == or != that is a whole array field or JSON, where the other one is a list.
  const Expression* array_beside_list(const Expression& expression) {
    if (expression.compare != CompareOp::kEqual && expression.compare != CompareOp::kNotEqual) {
      return nullptr;
    }
    for (std::size_t side = 0; side < 2; ++side) {
      const Expression& array = *expression.children[side];
      if (list_of(*expression.children[1 - side]) == nullptr ||
          array.kind != ExpressionKind::kReference) {
        continue;
      }
      const auto reference = resolve(array);
      if (!reference) return nullptr;
      const FieldType type = reference->field->type;
      const bool whole = type == FieldType::kArray && array.path.empty();
      if (whole || type == FieldType::kJson) return &array;
    }
    return nullptr;
  }

  Result<ConditionPtr> build_same(const Expression& expression, const Expression& array,
                                  bool negate) {
    SIMILE_ASSIGN(Reference reference, resolve(array));
    const bool first = expression.children[0].get() == &array;
    const std::vector<TemplateValue>& list = *list_of(*expression.children[first ? 1 : 0]);
    const bool negative = (expression.compare == CompareOp::kNotEqual) != negate;
    return contained_in(expression, std::move(reference), {ContainsMode::kSame, list, negative});
  }

  /// "field 'label' (string)", "5 (integer)": a side of a comparison for a message.
  std::string describe(const Expression& expression) {
    const auto side = operand(expression);
    const std::string type = side ? type_text(*side) : std::string();
    if (expression.kind == ExpressionKind::kLiteral) {
      return join_text(filter::describe(expression.literal), " (", type, ")");
    }
    if (expression.kind == ExpressionKind::kReference) {
      return join_text("'", expression.name, "' (", type, ")");
    }
    return join_text("a value of type ", type);
  }

  /// Of sides that may be compared; a constant stands right.
  Result<ConditionPtr> compared(CompareOp op, Operand left, Operand right) {
    if (left.constant) {
      return make_constant_condition(compare(op, *left.constant, *right.constant).value_or(false));
    }
    if (!right.constant) {
      return make_comparison(op, std::move(left.value), std::move(right.value));
    }
    Scalar& constant = *right.constant;
    if (constant.kind == Kind::kNull) return make_constant_condition(false);
    if (left.plain_field) {
      if (constant.kind == Kind::kString) {
        return make_text_comparison(left.plain_field->column, op, constant.text);
      }
      return make_field_comparison(*left.plain_field, op, constant);
    }
    if (left.single && constant.kind == Kind::kDouble) {
      constant.number = static_cast<float>(constant.number);
    }
    ValuePtr beside = constant_beside(*left.value, constant);
    return make_comparison(op, std::move(left.value), std::move(beside));
  }

  /// Every constant of a list must be of the family of what it is compared with.
  Status check_list(const Expression& expression, std::span<const TemplateValue> values,
                    Family family, std::string_view type) const {
    for (const TemplateValue& value : values) {
      if (family == Family::kAny || family_of(scalar_of(value).kind) == family) continue;
      return error(expression.at, join_text("the list has ", filter::describe(value),
                                            ", which is never equal to ", type));
    }
    return {};
  }

  Result<ConditionPtr> build_membership(const Expression& expression, bool negate) {
    SIMILE_ASSIGN(Operand value, operand(*expression.children[0]));
    const auto& list = std::get<std::vector<TemplateValue>>(expression.literal.value);
    SIMILE_TRY(check_list(expression, list, family_of(value), type_text(value)));
    LiteralSet set(list, value.single);
    if (value.constant) {
      const bool null = value.constant->kind == Kind::kNull;
      return make_constant_condition(!null && set.contains(*value.constant) != negate);
    }
    return make_membership(std::move(value.value), std::move(set), negate);
  }

  /// Null where the expression is no field, or one without.
  Result<AnalyzerPointer> analyzer_of_field(const Expression& expression) const {
    const Field* field =
        expression.kind == ExpressionKind::kReference ? schema_.find(expression.name) : nullptr;
    if (field == nullptr || field->analyzer.empty()) return nullptr;
    return text::analyzer_of(field->analyzer);
  }

  Result<ConditionPtr> build_like(const Expression& expression, bool negate) {
    SIMILE_ASSIGN(Operand value, operand(*expression.children[0]));
    const Family family = family_of(value);
    if (family != Family::kString && family != Family::kAny) {
      const char* what = expression.kind == ExpressionKind::kLike   ? "like"
                         : expression.kind == ExpressionKind::kText ? "text_match"
                                                                    : "phrase_match";
      return error(expression.at, join_text(what, " does not work on ", type_text(value)),
                   "it wants a string");
    }
    if (value.constant && value.constant->kind == Kind::kNull)
      return make_constant_condition(false);
    SIMILE_ASSIGN(const AnalyzerPointer analyzer, analyzer_of_field(*expression.children[0]));
    if (expression.kind == ExpressionKind::kPhrase) {
      const auto& both = std::get<std::vector<TemplateValue>>(expression.literal.value);
      const auto slop = static_cast<std::size_t>(std::get<std::int64_t>(both[1].value));
      return make_phrase(materialised(std::move(value)),
                         Phrase(std::get<std::string>(both[0].value), slop, analyzer), negate);
    }
    const auto& pattern = std::get<std::string>(expression.literal.value);
    if (expression.kind == ExpressionKind::kText) {
      return make_text_match(materialised(std::move(value)), AnyWord(pattern, analyzer), negate);
    }
    return make_like(materialised(std::move(value)), pattern, negate);
  }

  Result<ConditionPtr> build_spatial(const Expression& call, bool negate) {
    SIMILE_ASSIGN(Operand value, operand(*call.children[0]));
    if (!value.plain_field || value.plain_field->type != FieldType::kString) {
      return error(call.children[0]->at, "no field of geometries",
                   "they are texts: a field of strings, or Geometry of the server");
    }
    SIMILE_ASSIGN(const GeometryTools* tools, geometry_tools());
    const auto& both = std::get<std::vector<TemplateValue>>(call.literal.value);
    auto test = tools->make_test({.relation = call.relation,
                                  .text = std::get<std::string>(both[0].value),
                                  .meters = std::get<double>(both[1].value)});
    if (!test) return error(call.at, test.error().message);
    return make_spatial(std::move(value.value), *std::move(test), negate);
  }

  Result<ConditionPtr> build_null(const Expression& expression, bool null) {
    const Expression& argument = *expression.children[0];
    if (argument.kind != ExpressionKind::kReference) {
      return error(argument.at, "only a field, JSON or an element can be null",
                   "write x is null, exists j[\"a\"]");
    }
    SIMILE_ASSIGN(Reference reference, resolve(argument));
    const FieldType type = reference.field->type;
    const bool whole = type != FieldType::kJson && reference.path.empty();
    if (whole) return make_null_condition(reference.column, null);
    if (type == FieldType::kJson) {
      return make_null_condition(make_json_value(reference.column, std::move(reference.path)),
                                 null);
    }
    return make_null_condition(make_element(reference.column, reference.field->element_type,
                                            std::get<std::size_t>(reference.path[0])),
                               null);
  }

  Result<ConditionPtr> build_contains(const Expression& call, bool negate) {
    SIMILE_ASSIGN(Reference reference, container(call));
    const auto* list = std::get_if<std::vector<TemplateValue>>(&call.literal.value);
    const bool one = call.mode == ContainsMode::kOne;
    const std::span<const TemplateValue> values =
        one ? std::span(&call.literal, 1) : std::span<const TemplateValue>(*list);
    return contained_in(call, std::move(reference), {call.mode, values, negate});
  }

  Result<ConditionPtr> contained_in(const Expression& expression, Reference reference,
                                    const Contained& contained) const {
    if (reference.field->type == FieldType::kJson) {
      return make_json_contains(reference.column, std::move(reference.path), contained);
    }
    const FieldType element = reference.field->element_type;
    const ValueType type = value_type_of(element);
    const Family family = type == ValueType::kBool     ? Family::kBool
                          : type == ValueType::kString ? Family::kString
                                                       : Family::kNumber;
    SIMILE_TRY(check_list(expression, contained.values, family,
                          join_text("an element of type ", name_of(element))));
    return make_array_contains(reference.column, element, contained);
  }

  std::string_view text_;
  const Schema& schema_;
  std::string_view dynamic_field_;
  std::vector<std::string> fields_;
};

}  // namespace

Result<Compiled> compile(std::string_view text, const Expression& root, const Schema& schema,
                         std::string_view dynamic_field) {
  return Compiler(text, schema, dynamic_field).compile(root);
}

}  // namespace simile::scalar::filter
