/// Comparisons.
///
/// A field against a constant is the usual case and has no value blocks: every op on numbers is
/// "within a closed range" or its opposite, in the field's own type, with bounds that are found
/// once, exactly. One loop a type serves all six ops.

#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "simile/base/check.h"
#include "simile/scalar/filter/condition.h"
#include "simile/scalar/filter/field_types.h"

namespace simile::scalar::filter {

namespace {

template <class T>
struct Range {
  T low;
  T high;  // low <= high
};

/// Values v of T with `v op literal`, for kNotEqual with v == literal. Nothing where there is none.
template <class T>
  requires std::is_integral_v<T>
std::optional<Range<T>> range_of(CompareOp op, const Scalar& literal) {
  std::int64_t low = std::numeric_limits<T>::min();
  std::int64_t high = std::numeric_limits<T>::max();
  // Bounds as whole numbers: [floor, ceiling] of the literal, the same where it is whole.
  std::int64_t floor = literal.integer;
  std::int64_t ceiling = literal.integer;
  if (literal.kind == Kind::kDouble) {
    if (literal.number >= 0x1p63 || literal.number < -0x1p63) {
      const bool above = literal.number > 0;
      const bool all = above == (op == CompareOp::kLess || op == CompareOp::kLessEqual);
      if (op == CompareOp::kEqual || op == CompareOp::kNotEqual || !all) return std::nullopt;
      return Range<T>{std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
    }
    floor = static_cast<std::int64_t>(std::floor(literal.number));
    ceiling = static_cast<std::int64_t>(std::ceil(literal.number));
  }
  const bool whole = floor == ceiling;
  switch (op) {
    case CompareOp::kEqual:
    case CompareOp::kNotEqual:
      if (!whole) return std::nullopt;
      low = std::max(low, floor);
      high = std::min(high, floor);
      break;
    case CompareOp::kLess:
      if (whole && floor == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
      high = std::min(high, whole ? floor - 1 : floor);
      break;
    case CompareOp::kLessEqual: high = std::min(high, floor); break;
    case CompareOp::kGreater:
      if (whole && ceiling == std::numeric_limits<std::int64_t>::max()) return std::nullopt;
      low = std::max(low, whole ? ceiling + 1 : ceiling);
      break;
    case CompareOp::kGreaterEqual: low = std::max(low, ceiling); break;
  }
  if (low > high) return std::nullopt;
  return Range<T>{static_cast<T>(low), static_cast<T>(high)};
}

/// <0, 0, >0 as `value` is below, at, above the literal, without rounding.
int position_of(double value, const Scalar& literal) {
  if (literal.kind == Kind::kInt) {
    return std::isinf(value) ? (value > 0 ? 1 : -1) : -compare_exactly(literal.integer, value);
  }
  return value < literal.number ? -1 : value > literal.number ? 1 : 0;
}

template <class T>
  requires std::is_floating_point_v<T>
std::optional<Range<T>> range_of(CompareOp op, const Scalar& literal) {
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  // The nearest T, which is off by less than one step.
  T bound =
      literal.kind == Kind::kInt ? static_cast<T>(literal.integer) : static_cast<T>(literal.number);
  const int position = position_of(static_cast<double>(bound), literal);
  switch (op) {
    case CompareOp::kEqual:
    case CompareOp::kNotEqual:
      if (position != 0) return std::nullopt;
      return Range<T>{bound, bound};
    case CompareOp::kLess:
      return Range<T>{-kInfinity, position >= 0 ? std::nextafter(bound, -kInfinity) : bound};
    case CompareOp::kLessEqual:
      return Range<T>{-kInfinity, position > 0 ? std::nextafter(bound, -kInfinity) : bound};
    case CompareOp::kGreater:
      return Range<T>{position <= 0 ? std::nextafter(bound, kInfinity) : bound, kInfinity};
    case CompareOp::kGreaterEqual:
      return Range<T>{position < 0 ? std::nextafter(bound, kInfinity) : bound, kInfinity};
  }
  return std::nullopt;
}

template <class T>
class FieldInRange final : public Condition {
 public:
  FieldInRange(std::size_t column, Range<T> range, bool negative)
      : column_(column), range_(range), negative_(negative) {}

  void select(BlockContext& context, const RowBits& need, RowBits& out) const override {
    const RowBits known = context.known_rows(column_, need);
    const T* values = context.block(column_).template as<T>();
    const Range<T> range = range_;
    select_rows(known, context.rows(), out, [values, range](std::size_t row) {
      if constexpr (std::is_integral_v<T>) {
        // One comparison: below `low`, the difference wraps around to a large one.
        using Unsigned = std::make_unsigned_t<T>;
        const auto distance_of = [&range](T value) {
          return static_cast<Unsigned>(static_cast<Unsigned>(value) -
                                       static_cast<Unsigned>(range.low));
        };
        return distance_of(values[row]) <= distance_of(range.high);
      } else {
        return (values[row] >= range.low) & (values[row] <= range.high);
      }
    });
    if (!negative_) return;
    for (std::size_t w = 0; w < kBlockWords; ++w) out[w] = known[w] & ~out[w];
  }
  unsigned cost() const override { return 1; }

  MaybeLookup lookup(const Indexes& indexes) const override {
    const ColumnIndex* index = indexes.find(column_, ScalarIndex::kInverted);
    if (index == nullptr) return std::nullopt;
    ColumnIndex::Keys keys;
    if constexpr (std::is_integral_v<T>) {
      keys = index->integers(range_.low, range_.high);
    } else {
      keys = index->reals(range_.low, range_.high);
    }
    return negative_ ? lookup_others(indexes, *index, keys) : lookup_keys(indexes, *index, {keys});
  }

 private:
  std::size_t column_;
  Range<T> range_;
  bool negative_;
};

class TextComparison final : public Condition {
 public:
  TextComparison(std::size_t column, CompareOp op, std::string_view literal)
      : column_(column), op_(op), literal_(literal) {}

  void select(BlockContext& context, const RowBits& need, RowBits& out) const override {
    const RowBits known = context.known_rows(column_, need);
    const std::string_view* texts = context.block(column_).strings;
    with_op(op_, [&](auto&& holds) {
      select_each_row(known, out, [&](std::size_t row) { return holds(texts[row], literal_); });
    });
  }
  unsigned cost() const override { return 5; }

  MaybeLookup lookup(const Indexes& indexes) const override {
    if (const ColumnIndex* grams = indexes.find(column_, ScalarIndex::kNgram)) {
      if (op_ != CompareOp::kEqual) return std::nullopt;
      return lookup_grams(indexes, *grams, std::span(&literal_, 1));
    }
    const ColumnIndex* index = indexes.find(column_, ScalarIndex::kInverted);
    if (index == nullptr) return std::nullopt;
    const ColumnIndex::Keys equal = index->text(literal_);
    switch (op_) {
      case CompareOp::kEqual: return lookup_keys(indexes, *index, {equal});
      case CompareOp::kNotEqual: return lookup_others(indexes, *index, equal);
      case CompareOp::kLess: return lookup_keys(indexes, *index, {{0, equal.first}});
      case CompareOp::kLessEqual: return lookup_keys(indexes, *index, {{0, equal.end}});
      case CompareOp::kGreater:
        return lookup_keys(indexes, *index, {{equal.end, index->key_count()}});
      case CompareOp::kGreaterEqual:
        return lookup_keys(indexes, *index, {{equal.first, index->key_count()}});
    }
    return std::nullopt;
  }

 private:
  std::size_t column_;
  CompareOp op_;
  std::string_view literal_;
};

class Comparison final : public Condition {
 public:
  Comparison(CompareOp op, ValuePtr left, ValuePtr right)
      : op_(op), left_(std::move(left)), right_(std::move(right)) {}

  void select(BlockContext& context, const RowBits& need, RowBits& out) const override {
    left_->evaluate(context, need, 0);
    const RowBits left_known = context.slot(0).known;
    right_->evaluate(context, left_known, 1);
    const ValueBlock& a = context.slot(0);
    const ValueBlock& b = context.slot(1);
    const ValueType type = left_->type();
    if (type == ValueType::kInt && right_->type() == ValueType::kDouble) {
      return select_numbers(context, op_, a.as<std::int64_t>(), b.as<double>(), out);
    }
    if (type == ValueType::kDouble && right_->type() == ValueType::kInt) {
      return select_numbers(context, mirrored(op_), b.as<std::int64_t>(), a.as<double>(), out);
    }
    if (type != right_->type() || type == ValueType::kDynamic) return select_mixed(a, b, out);
    with_op(op_, [&](auto&& holds) {
      const auto select_typed = [&]<class T>(const T* x, const T* y) {
        select_rows(b.known, context.rows(), out,
                    [&](std::size_t row) { return holds(x[row], y[row]); });
      };
      switch (type) {
        case ValueType::kBool: select_typed(a.as<std::uint8_t>(), b.as<std::uint8_t>()); break;
        case ValueType::kInt: select_typed(a.as<std::int64_t>(), b.as<std::int64_t>()); break;
        case ValueType::kDouble: select_typed(a.as<double>(), b.as<double>()); break;
        default:
          select_each_row(b.known, out, [&](std::size_t row) {
            return holds(a.as<std::string_view>()[row], b.as<std::string_view>()[row]);
          });
      }
    });
  }
  unsigned cost() const override { return 2 + left_->cost() + right_->cost(); }

 private:
  /// The rows that the right side, which was evaluated last, has values for.
  static void select_numbers(BlockContext& context, CompareOp op, const std::int64_t* a,
                             const double* b, RowBits& out) {
    with_op(op, [&](auto&& holds) {
      select_each_row(context.slot(1).known, out,
                      [&](std::size_t row) { return holds(compare_exactly(a[row], b[row]), 0); });
    });
  }

  void select_mixed(const ValueBlock& a, const ValueBlock& b, RowBits& out) const {
    select_each_row(b.known, out, [&](std::size_t row) {
      return compare(op_, scalar_at(left_->type(), a, row), scalar_at(right_->type(), b, row))
          .value_or(false);
    });
  }

  CompareOp op_;
  ValuePtr left_;
  ValuePtr right_;
};

}  // namespace

ConditionPtr make_field_comparison(FieldRef field, CompareOp op, const Scalar& literal) {
  const bool negative = op == CompareOp::kNotEqual;
  Scalar bound = literal;
  if (literal.kind == Kind::kBool) bound = Scalar(std::int64_t{literal.truth ? 1 : 0});
  if (field.type == FieldType::kFloat && literal.kind == Kind::kDouble) {
    // 0.1 means the float32 next to it, as in NumPy: else no stored 0.1 would equal 0.1.
    bound = Scalar(static_cast<double>(static_cast<float>(literal.number)));
  }
  return with_native_type(field.type, [&]<class T>() -> ConditionPtr {
    if constexpr (std::is_same_v<T, std::string_view>) {
      SIMILE_CHECK(false);
      return nullptr;
    } else {
      const auto range = range_of<T>(op, bound);
      if (range) return std::make_unique<FieldInRange<T>>(field.column, *range, negative);
      if (negative) return make_null_condition(field.column, false);
      return make_constant_condition(false);
    }
  });
}

ConditionPtr make_text_comparison(std::size_t column, CompareOp op, std::string_view literal) {
  return std::make_unique<TextComparison>(column, op, literal);
}

ConditionPtr make_comparison(CompareOp op, ValuePtr left, ValuePtr right) {
  return std::make_unique<Comparison>(op, std::move(left), std::move(right));
}

}  // namespace simile::scalar::filter
