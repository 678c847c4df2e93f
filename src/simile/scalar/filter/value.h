#pragma once
/// Values of a compiled filter: what stands on the sides of a comparison.

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "simile/scalar/filter/block_context.h"
#include "simile/scalar/filter/json_path.h"
#include "simile/scalar/filter/scalar.h"
#include "simile/schema.h"

namespace simile::scalar::filter {

/// What a ValueBlock holds; kDynamic (Scalar) where only a row's JSON tells.
enum class ValueType : std::uint8_t { kBool, kInt, kDouble, kString, kDynamic };

/// The type that values of a field, or elements of an array, are read as; not for arrays, JSON and
/// vectors.
ValueType value_type_of(FieldType type);
/// "bool", "integer", "number", "string", "JSON".
std::string_view name_of(ValueType type);

/// Immutable, for any number of threads, each with its own context.
class Value {
 public:
  explicit Value(ValueType type) : type_(type) {}
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;
  virtual ~Value() = default;

  ValueType type() const { return type_; }

  /// Puts the values of the rows `need` into `context.slot(slot)`; uses slots above it on the way.
  virtual void evaluate(BlockContext& context, const RowBits& need, std::size_t slot) const = 0;

  /// What a row costs, roughly: 1 is a number that lies there.
  virtual unsigned cost() const = 0;

  /// Where it is a field as it lies: the number of the column.
  virtual std::optional<std::size_t> column() const { return std::nullopt; }

 private:
  ValueType type_;
};

using ValuePtr = std::unique_ptr<const Value>;

/// Row `row` of values of `type`, which must be known.
Scalar scalar_at(ValueType type, const ValueBlock& block, std::size_t row);

/// Every row of a fixed-width, string or bool field.
ValuePtr make_field_value(std::size_t column, FieldType type);
/// The same value in every row; a text is borrowed. Not of kNull or kOther.
ValuePtr make_constant(const Scalar& value);
/// Element `position` of an array; null where the array is shorter.
ValuePtr make_element(std::size_t column, FieldType element_type, std::size_t position);
ValuePtr make_array_length(std::size_t column);
/// What JSON holds at `path`, as JsonReader::find() and array_length() define it.
ValuePtr make_json_value(std::size_t column, JsonPath path);
ValuePtr make_json_length(std::size_t column, JsonPath path);
/// Numbers or JSON on both sides.
ValuePtr make_arithmetic(ArithmeticOp op, ValuePtr left, ValuePtr right);

}  // namespace simile::scalar::filter
