#pragma once
/// Conditions of a compiled filter. There is no `not`: the compiler moves it down to the
/// comparisons, so a condition only tells which rows make it true, and unknown needs no second
/// bitmap.

#include <memory>
#include <span>
#include <vector>

#include "simile/scalar/filter/block_context.h"
#include "simile/scalar/filter/literal_set.h"
#include "simile/scalar/filter/lookup.h"
#include "simile/scalar/filter/value.h"
#include "simile/scalar/filter/words.h"
#include "simile/scalar/geometry.h"

namespace simile::scalar::filter {

/// Immutable, for any number of threads, each with its own context.
class Condition {
 public:
  Condition() = default;
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;
  virtual ~Condition() = default;

  /// The rows of `need` for which it is true. `out` may be `need`.
  virtual void select(BlockContext& context, const RowBits& need, RowBits& out) const = 0;

  /// As Value::cost().
  virtual unsigned cost() const = 0;

  /// The rows that can make it true, where indexes can tell.
  virtual MaybeLookup lookup(const Indexes&) const { return std::nullopt; }
};

using ConditionPtr = std::unique_ptr<const Condition>;

/// A field that is read directly.
struct FieldRef {
  std::size_t column;
  FieldType type;
};

/// All or no rows.
ConditionPtr make_constant_condition(bool value);
/// Children in the order of their cost; a row that one decides is not shown to the next.
ConditionPtr make_and(std::vector<ConditionPtr> children);
ConditionPtr make_or(std::vector<ConditionPtr> children);
/// Rows where the column is null, or is not.
ConditionPtr make_null_condition(std::size_t column, bool null);
/// Rows where `value` is null, or is not.
ConditionPtr make_null_condition(ValuePtr value, bool null);
/// A field of bool or numbers against a number, or true and false, exactly. `literal` is of a kind
/// that the type can be compared with.
ConditionPtr make_field_comparison(FieldRef field, CompareOp op, const Scalar& literal);
/// A string field against a text, which is borrowed.
ConditionPtr make_text_comparison(std::size_t column, CompareOp op, std::string_view literal);
/// Any two values.
ConditionPtr make_comparison(CompareOp op, ValuePtr left, ValuePtr right);
/// A value in a set; `negative`: in none of it. Null is neither.
ConditionPtr make_membership(ValuePtr value, LiteralSet set, bool negative);
/// A string or JSON value; JSON that is no string is unknown.
ConditionPtr make_like(ValuePtr value, std::string_view pattern, bool negative);
/// Words as words.h has them.
ConditionPtr make_text_match(ValuePtr value, AnyWord words, bool negative);
ConditionPtr make_phrase(ValuePtr value, Phrase phrase, bool negative);
/// A string value, of geometries.
ConditionPtr make_spatial(ValuePtr value, std::unique_ptr<SpatialTest> test, bool negative);

/// The constants that an array must contain; borrowed.
struct Contained {
  ContainsMode mode;
  std::span<const TemplateValue> values;
  bool negative;
};
ConditionPtr make_array_contains(std::size_t column, FieldType element_type,
                                 const Contained& contained);
ConditionPtr make_json_contains(std::size_t column, JsonPath path, const Contained& contained);

}  // namespace simile::scalar::filter
