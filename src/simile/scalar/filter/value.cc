#include "simile/scalar/filter/value.h"

#include <algorithm>
#include <array>
#include <utility>

#include "simile/base/check.h"
#include "simile/scalar/filter/field_types.h"

namespace simile::scalar::filter {

namespace {

/// Numbers that are narrower than what they are calculated with.
template <class From, class To>
class WidenedField final : public Value {
 public:
  WidenedField(std::size_t column, ValueType type) : Value(type), column_(column) {}

  void evaluate(BlockContext& context, const RowBits& need, std::size_t slot) const override {
    ValueBlock& out = context.slot(slot);
    out.known = context.known_rows(column_, need);
    const From* from = context.block(column_).as<From>();
    To* to = out.fill<To>();
    for (std::size_t i = 0; i < context.rows(); ++i) to[i] = static_cast<To>(from[i]);
  }
  unsigned cost() const override { return 1; }
  std::optional<std::size_t> column() const override { return column_; }

 private:
  std::size_t column_;
};

/// Values that are used where they lie.
class BorrowedField final : public Value {
 public:
  BorrowedField(std::size_t column, ValueType type) : Value(type), column_(column) {}

  void evaluate(BlockContext& context, const RowBits& need, std::size_t slot) const override {
    ValueBlock& out = context.slot(slot);
    out.known = context.known_rows(column_, need);
    const Block& block = context.block(column_);
    out.data = type() == ValueType::kString ? static_cast<const void*>(block.strings) : block.fixed;
  }
  unsigned cost() const override { return type() == ValueType::kString ? 4 : 1; }
  std::optional<std::size_t> column() const override { return column_; }

 private:
  std::size_t column_;
};

template <class T>
class Constant final : public Value {
 public:
  Constant(ValueType type, T value) : Value(type), value_(value) {}

  void evaluate(BlockContext& context, const RowBits& need, std::size_t slot) const override {
    ValueBlock& out = context.slot(slot);
    out.known = need;
    std::fill_n(out.fill<T>(), context.rows(), value_);
  }
  unsigned cost() const override { return 1; }

 private:
  T value_;
};

template <class From, class To>
class Element final : public Value {
 public:
  Element(std::size_t column, ValueType type, std::size_t position)
      : Value(type), column_(column), position_(position) {}

  void evaluate(BlockContext& context, const RowBits& need, std::size_t slot) const override {
    ValueBlock& out = context.slot(slot);
    const RowBits present = context.known_rows(column_, need);
    const ArrayView* arrays = context.block(column_).arrays;
    To* to = out.fill<To>();
    select_each_row(present, out.known, [&](std::size_t row) {
      if (arrays[row].count <= position_) return false;
      to[row] = static_cast<To>(arrays[row].as<From>()[position_]);
      return true;
    });
  }
  unsigned cost() const override { return 6; }

 private:
  std::size_t column_;
  std::size_t position_;
};

class ArrayLength final : public Value {
 public:
  explicit ArrayLength(std::size_t column) : Value(ValueType::kInt), column_(column) {}

  void evaluate(BlockContext& context, const RowBits& need, std::size_t slot) const override {
    ValueBlock& out = context.slot(slot);
    out.known = context.known_rows(column_, need);
    const ArrayView* arrays = context.block(column_).arrays;
    std::int64_t* to = out.fill<std::int64_t>();
    for (std::size_t i = 0; i < context.rows(); ++i) {
      to[i] = static_cast<std::int64_t>(arrays[i].count);
    }
  }
  unsigned cost() const override { return 4; }

 private:
  std::size_t column_;
};

class JsonValue final : public Value {
 public:
  JsonValue(std::size_t column, JsonPath path)
      : Value(ValueType::kDynamic), column_(column), path_(std::move(path)) {}

  void evaluate(BlockContext& context, const RowBits& need, std::size_t slot) const override {
    ValueBlock& out = context.slot(slot);
    const RowBits present = context.known_rows(column_, need);
    const std::string_view* texts = context.block(column_).strings;
    Scalar* to = out.fill<Scalar>();
    select_each_row(present, out.known, [&](std::size_t row) {
      to[row] = context.json().find(texts[row], path_, context.arena());
      return to[row].kind != Kind::kNull;
    });
  }
  unsigned cost() const override { return 100; }

 private:
  std::size_t column_;
  JsonPath path_;
};

class JsonLength final : public Value {
 public:
  JsonLength(std::size_t column, JsonPath path)
      : Value(ValueType::kInt), column_(column), path_(std::move(path)) {}

  void evaluate(BlockContext& context, const RowBits& need, std::size_t slot) const override {
    ValueBlock& out = context.slot(slot);
    const RowBits present = context.known_rows(column_, need);
    const std::string_view* texts = context.block(column_).strings;
    std::int64_t* to = out.fill<std::int64_t>();
    select_each_row(present, out.known, [&](std::size_t row) {
      const auto length = context.json().array_length(texts[row], path_);
      to[row] = length.value_or(0);
      return length.has_value();
    });
  }
  unsigned cost() const override { return 100; }

 private:
  std::size_t column_;
  JsonPath path_;
};

/// T is std::int64_t, double or Scalar; a side of another type is brought to T first.
template <class T>
class Arithmetic final : public Value {
 public:
  Arithmetic(ArithmeticOp op, ValueType type, ValuePtr left, ValuePtr right)
      : Value(type), op_(op), left_(std::move(left)), right_(std::move(right)) {}

  void evaluate(BlockContext& context, const RowBits& need, std::size_t slot) const override {
    left_->evaluate(context, need, slot + 1);
    const RowBits left_known = context.slot(slot + 1).known;
    right_->evaluate(context, left_known, slot + 2);
    const RowBits both_known = context.slot(slot + 2).known;
    const T* a = converted(left_->type(), context.slot(slot + 1), both_known);
    const T* b = converted(right_->type(), context.slot(slot + 2), both_known);
    ValueBlock& out = context.slot(slot);
    if constexpr (std::is_same_v<T, Scalar>) {
      calculate_scalars(op_, a, b, both_known, out.fill<Scalar>(), out.known);
      return;
    } else {
      switch (op_) {
        case ArithmeticOp::kAdd:
          return calculate_rows<ArithmeticOp::kAdd>(context, a, b, both_known, out);
        case ArithmeticOp::kSubtract:
          return calculate_rows<ArithmeticOp::kSubtract>(context, a, b, both_known, out);
        case ArithmeticOp::kMultiply:
          return calculate_rows<ArithmeticOp::kMultiply>(context, a, b, both_known, out);
        case ArithmeticOp::kDivide:
          return calculate_rows<ArithmeticOp::kDivide>(context, a, b, both_known, out);
        case ArithmeticOp::kRemainder:
          return calculate_rows<ArithmeticOp::kRemainder>(context, a, b, both_known, out);
        case ArithmeticOp::kPower:
          return calculate_rows<ArithmeticOp::kPower>(context, a, b, both_known, out);
      }
    }
  }
  unsigned cost() const override { return 2 + left_->cost() + right_->cost(); }

 private:
  /// The values as T, in the same slot.
  static const T* converted(ValueType type, ValueBlock& block, const RowBits& rows) {
    if constexpr (std::is_same_v<T, double>) {
      if (type == ValueType::kInt) {
        const auto* from = block.as<std::int64_t>();
        T* to = block.fill<T>();
        for_each_row(rows, [&](std::size_t row) { to[row] = static_cast<double>(from[row]); });
      }
    } else if constexpr (std::is_same_v<T, Scalar>) {
      if (type != ValueType::kDynamic) {
        // A Scalar is wider than what it is made from.
        std::array<Scalar, kBlockRows> wide;
        for_each_row(rows, [&](std::size_t row) { wide[row] = scalar_at(type, block, row); });
        std::ranges::copy(wide, block.fill<Scalar>());
      }
    }
    return block.as<T>();
  }

  static void calculate_scalars(ArithmeticOp op, const Scalar* a, const Scalar* b,
                                const RowBits& rows, Scalar* out, RowBits& known) {
    select_each_row(rows, known, [&](std::size_t row) {
      out[row] = calculate(op, a[row], b[row]);
      return out[row].kind != Kind::kNull;
    });
  }

  /// Rows beside `rows` are calculated too, which does no harm and keeps the loop free of branches.
  template <ArithmeticOp kOp>
  static void calculate_rows(const BlockContext& context, const T* a, const T* b,
                             const RowBits& rows, ValueBlock& result) {
    T* out = result.fill<T>();
    select_rows(rows, context.rows(), result.known,
                [&](std::size_t row) { return calculate(kOp, a[row], b[row], out[row]); });
  }

  ArithmeticOp op_;
  ValuePtr left_;
  ValuePtr right_;
};

}  // namespace

ValueType value_type_of(FieldType type) {
  switch (type) {
    case FieldType::kBool: return ValueType::kBool;
    case FieldType::kFloat:
    case FieldType::kDouble: return ValueType::kDouble;
    case FieldType::kString: return ValueType::kString;
    default: return ValueType::kInt;
  }
}

std::string_view name_of(ValueType type) {
  constexpr std::array<std::string_view, 5> kNames = {"bool", "integer", "number", "string",
                                                      "JSON"};
  return kNames[static_cast<std::size_t>(type)];
}

Scalar scalar_at(ValueType type, const ValueBlock& block, std::size_t row) {
  switch (type) {
    case ValueType::kBool: return Scalar(block.as<std::uint8_t>()[row] != 0);
    case ValueType::kInt: return Scalar(block.as<std::int64_t>()[row]);
    case ValueType::kDouble: return Scalar(block.as<double>()[row]);
    case ValueType::kString: return Scalar(block.as<std::string_view>()[row]);
    case ValueType::kDynamic: return block.as<Scalar>()[row];
  }
  return {};
}

ValuePtr make_field_value(std::size_t column, FieldType type) {
  const ValueType value_type = value_type_of(type);
  switch (type) {
    case FieldType::kInt8:
      return std::make_unique<WidenedField<std::int8_t, std::int64_t>>(column, value_type);
    case FieldType::kInt16:
      return std::make_unique<WidenedField<std::int16_t, std::int64_t>>(column, value_type);
    case FieldType::kInt32:
      return std::make_unique<WidenedField<std::int32_t, std::int64_t>>(column, value_type);
    case FieldType::kFloat:
      return std::make_unique<WidenedField<float, double>>(column, value_type);
    default: return std::make_unique<BorrowedField>(column, value_type);
  }
}

ValuePtr make_constant(const Scalar& value) {
  switch (value.kind) {
    case Kind::kBool:
      return std::make_unique<Constant<std::uint8_t>>(ValueType::kBool, value.truth ? 1 : 0);
    case Kind::kInt:
      return std::make_unique<Constant<std::int64_t>>(ValueType::kInt, value.integer);
    case Kind::kDouble: return std::make_unique<Constant<double>>(ValueType::kDouble, value.number);
    case Kind::kString:
      return std::make_unique<Constant<std::string_view>>(ValueType::kString, value.text);
    default: SIMILE_CHECK(false); return nullptr;
  }
}

ValuePtr make_element(std::size_t column, FieldType element_type, std::size_t position) {
  return with_native_type(element_type, [&]<class T>() -> ValuePtr {
    const ValueType type = value_type_of(element_type);
    if constexpr (std::is_same_v<T, std::string_view> || std::is_same_v<T, std::uint8_t>) {
      return std::make_unique<Element<T, T>>(column, type, position);
    } else if constexpr (std::is_floating_point_v<T>) {
      return std::make_unique<Element<T, double>>(column, type, position);
    } else {
      return std::make_unique<Element<T, std::int64_t>>(column, type, position);
    }
  });
}

ValuePtr make_array_length(std::size_t column) { return std::make_unique<ArrayLength>(column); }

ValuePtr make_json_value(std::size_t column, JsonPath path) {
  return std::make_unique<JsonValue>(column, std::move(path));
}

ValuePtr make_json_length(std::size_t column, JsonPath path) {
  return std::make_unique<JsonLength>(column, std::move(path));
}

ValuePtr make_arithmetic(ArithmeticOp op, ValuePtr left, ValuePtr right) {
  const ValueType a = left->type();
  const ValueType b = right->type();
  if (a == ValueType::kDynamic || b == ValueType::kDynamic) {
    return std::make_unique<Arithmetic<Scalar>>(op, ValueType::kDynamic, std::move(left),
                                                std::move(right));
  }
  if (a == ValueType::kInt && b == ValueType::kInt) {
    return std::make_unique<Arithmetic<std::int64_t>>(op, ValueType::kInt, std::move(left),
                                                      std::move(right));
  }
  return std::make_unique<Arithmetic<double>>(op, ValueType::kDouble, std::move(left),
                                              std::move(right));
}

}  // namespace simile::scalar::filter
