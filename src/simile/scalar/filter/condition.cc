/// Conditions that join others, look for null, or test membership and patterns.

#include "simile/scalar/filter/condition.h"

#include <algorithm>
#include <utility>

#include "simile/scalar/filter/field_types.h"
#include "simile/scalar/filter/like_pattern.h"
#include "simile/scalar/filter/words.h"

namespace simile::scalar::filter {

namespace {

class ConstantCondition final : public Condition {
 public:
  explicit ConstantCondition(bool value) : value_(value) {}
  void select(BlockContext&, const RowBits& need, RowBits& out) const override {
    out = value_ ? need : RowBits{};
  }
  unsigned cost() const override { return 0; }
  MaybeLookup lookup(const Indexes&) const override {
    return value_ ? std::nullopt : MaybeLookup(Lookup{});
  }

 private:
  bool value_;
};

class Joined : public Condition {
 public:
  explicit Joined(std::vector<ConditionPtr> children) : children_(std::move(children)) {
    std::ranges::stable_sort(children_, {},
                             [](const ConditionPtr& child) { return child->cost(); });
  }
  unsigned cost() const override {
    unsigned sum = 0;
    for (const ConditionPtr& child : children_) sum = std::min(sum + child->cost(), 1u << 20);
    return sum;
  }

 protected:
  const std::vector<ConditionPtr>& children() const { return children_; }

 private:
  std::vector<ConditionPtr> children_;
};

class And final : public Joined {
 public:
  using Joined::Joined;
  void select(BlockContext& context, const RowBits& need, RowBits& out) const override {
    RowBits left = need;
    for (const ConditionPtr& child : children()) {
      child->select(context, left, left);
      if (none(left)) break;
    }
    out = left;
  }

  MaybeLookup lookup(const Indexes& indexes) const override {
    std::vector<Lookup> parts;
    for (const ConditionPtr& child : children()) {
      if (MaybeLookup part = child->lookup(indexes)) parts.push_back(*std::move(part));
    }
    const bool complete = parts.size() == children().size();
    return lookup_all(indexes, std::move(parts), complete);
  }
};

class Or final : public Joined {
 public:
  using Joined::Joined;
  void select(BlockContext& context, const RowBits& need, RowBits& out) const override {
    RowBits open = need;
    RowBits found{};
    for (const ConditionPtr& child : children()) {
      RowBits more;
      child->select(context, open, more);
      for (std::size_t w = 0; w < kBlockWords; ++w) {
        found[w] |= more[w];
        open[w] &= ~more[w];
      }
      if (none(open)) break;
    }
    out = found;
  }

  MaybeLookup lookup(const Indexes& indexes) const override {
    std::vector<Lookup> parts;
    for (const ConditionPtr& child : children()) {
      MaybeLookup part = child->lookup(indexes);
      if (!part) return std::nullopt;
      parts.push_back(*std::move(part));
    }
    return lookup_any(indexes, std::move(parts));
  }
};

void remove_rows(const RowBits& from, const RowBits& rows, RowBits& out) {
  for (std::size_t w = 0; w < kBlockWords; ++w) out[w] = from[w] & ~rows[w];
}

class NullField final : public Condition {
 public:
  NullField(std::size_t column, bool null) : column_(column), null_(null) {}
  void select(BlockContext& context, const RowBits& need, RowBits& out) const override {
    const RowBits known = context.known_rows(column_, need);
    if (null_) {
      remove_rows(need, known, out);
    } else {
      out = known;
    }
  }
  unsigned cost() const override { return 1; }

 private:
  std::size_t column_;
  bool null_;
};

class NullValue final : public Condition {
 public:
  NullValue(ValuePtr value, bool null) : value_(std::move(value)), null_(null) {}
  void select(BlockContext& context, const RowBits& need, RowBits& out) const override {
    value_->evaluate(context, need, 0);
    const RowBits& known = context.slot(0).known;
    if (null_) {
      remove_rows(need, known, out);
    } else {
      out = known;
    }
  }
  unsigned cost() const override { return value_->cost(); }

 private:
  ValuePtr value_;
  bool null_;
};

class Membership final : public Condition {
 public:
  Membership(ValuePtr value, LiteralSet set, bool negative)
      : value_(std::move(value)), set_(std::move(set)), negative_(negative) {}

  void select(BlockContext& context, const RowBits& need, RowBits& out) const override {
    value_->evaluate(context, need, 0);
    const ValueBlock& values = context.slot(0);
    const auto select_in = [&]<class T>(const T* data) {
      select_each_row(values.known, out,
                      [&](std::size_t row) { return set_.contains(data[row]) != negative_; });
    };
    switch (value_->type()) {
      case ValueType::kBool:
        select_each_row(values.known, out, [&](std::size_t row) {
          return set_.contains(values.as<std::uint8_t>()[row] != 0) != negative_;
        });
        break;
      case ValueType::kInt: select_in(values.as<std::int64_t>()); break;
      case ValueType::kDouble: select_in(values.as<double>()); break;
      case ValueType::kString: select_in(values.as<std::string_view>()); break;
      case ValueType::kDynamic: select_in(values.as<Scalar>()); break;
    }
  }
  unsigned cost() const override { return 3 + value_->cost(); }

  MaybeLookup lookup(const Indexes& indexes) const override {
    if (negative_ || !value_->column()) return std::nullopt;
    const ColumnIndex* index = indexes.find(*value_->column(), ScalarIndex::kInverted);
    if (index == nullptr) return std::nullopt;
    return lookup_set(indexes, *index, set_);
  }

 private:
  ValuePtr value_;
  LiteralSet set_;
  bool negative_;
};

/// Geometries that pass a test.
struct Geometries {
  std::unique_ptr<SpatialTest> test;
  bool matches(std::string_view text) const { return test->matches(text); }
};

/// A test of texts: Pattern::matches().
template <class Pattern>
class TextCondition final : public Condition {
 public:
  TextCondition(ValuePtr value, Pattern pattern, bool negative)
      : value_(std::move(value)), pattern_(std::move(pattern)), negative_(negative) {}

  void select(BlockContext& context, const RowBits& need, RowBits& out) const override {
    value_->evaluate(context, need, 0);
    const ValueBlock& values = context.slot(0);
    const bool dynamic = value_->type() == ValueType::kDynamic;
    select_each_row(values.known, out, [&](std::size_t row) {
      if (!dynamic) return pattern_.matches(values.as<std::string_view>()[row]) != negative_;
      const Scalar& scalar = values.as<Scalar>()[row];
      return scalar.kind == Kind::kString && pattern_.matches(scalar.text) != negative_;
    });
  }
  unsigned cost() const override {
    constexpr unsigned kOfText = 20;
    constexpr unsigned kOfGeometry = 1'000;  // which is read from its text
    return (std::is_same_v<Pattern, Geometries> ? kOfGeometry : kOfText) + value_->cost();
  }

  MaybeLookup lookup(const Indexes& indexes) const override {
    if constexpr (std::is_same_v<Pattern, LikePattern>) {
      if (!negative_ && value_->column()) return lookup_like(indexes, *value_->column());
    }
    return std::nullopt;
  }

 private:
  MaybeLookup lookup_like(const Indexes& indexes, std::size_t column) const {
    if (const ColumnIndex* index = indexes.find(column, ScalarIndex::kNgram)) {
      return lookup_grams(indexes, *index, pattern_.runs());
    }
    const ColumnIndex* index = indexes.find(column, ScalarIndex::kInverted);
    const std::string_view prefix = pattern_.prefix();
    if (index == nullptr || prefix.empty()) return std::nullopt;
    Lookup lookup = lookup_keys(indexes, *index, {index->texts_with_prefix(prefix)});
    lookup.exact = pattern_.is_prefix();
    return lookup;
  }

  ValuePtr value_;
  Pattern pattern_;
  bool negative_;
};

Scalar to_scalar(std::uint8_t value) { return Scalar(value != 0); }
Scalar to_scalar(std::string_view value) { return Scalar(value); }
template <class T>
Scalar to_scalar(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return Scalar(static_cast<double>(value));
  } else {
    return Scalar(static_cast<std::int64_t>(value));
  }
}

/// T: the native type of the elements.
template <class T>
class ArrayContains final : public Condition {
 public:
  ArrayContains(std::size_t column, const Contained& contained)
      : column_(column), contained_(contained), set_(contained.values, std::is_same_v<T, float>) {
    for (const TemplateValue& value : contained.values) {
      Scalar scalar = scalar_of(value);
      if (std::is_same_v<T, float> && scalar.kind == Kind::kDouble) {
        scalar.number = static_cast<float>(scalar.number);
      }
      wanted_.push_back(scalar);
    }
  }

  void select(BlockContext& context, const RowBits& need, RowBits& out) const override {
    const RowBits known = context.known_rows(column_, need);
    const ArrayView* arrays = context.block(column_).arrays;
    select_each_row(known, out, [&](std::size_t row) {
      const std::span<const T> elements = arrays[row].as<T>();
      return fits(elements) != contained_.negative;
    });
  }
  unsigned cost() const override { return 10; }

  MaybeLookup lookup(const Indexes& indexes) const override {
    const ColumnIndex* index = indexes.find(column_, ScalarIndex::kInverted);
    if (index == nullptr || contained_.negative) return std::nullopt;
    const bool same = contained_.mode == ContainsMode::kSame;
    if (same && contained_.values.empty()) return std::nullopt;  // an index knows no empty arrays
    if (contained_.mode != ContainsMode::kAll && !same) return lookup_set(indexes, *index, set_);
    std::vector<Lookup> parts;
    for (const TemplateValue& value : contained_.values) {
      const LiteralSet one(std::span(&value, 1), std::is_same_v<T, float>);
      MaybeLookup part = lookup_set(indexes, *index, one);
      if (!part) return std::nullopt;
      parts.push_back(*std::move(part));
    }
    return lookup_all(indexes, std::move(parts), !same);
  }

 private:
  bool fits(std::span<const T> elements) const {
    switch (contained_.mode) {
      case ContainsMode::kAll: return has_all(elements);
      case ContainsMode::kSame:
        return std::ranges::equal(elements, wanted_, [](const T& one, const Scalar& wanted) {
          return compare(CompareOp::kEqual, to_scalar(one), wanted).value_or(false);
        });
      default: return has_any(elements);
    }
  }
  bool has_any(std::span<const T> elements) const {
    return std::ranges::any_of(elements,
                               [this](const T& one) { return set_.contains(to_scalar(one)); });
  }
  bool has_all(std::span<const T> elements) const {
    return std::ranges::all_of(wanted_, [elements](const Scalar& wanted) {
      return std::ranges::any_of(elements, [&wanted](const T& one) {
        return compare(CompareOp::kEqual, to_scalar(one), wanted).value_or(false);
      });
    });
  }

  std::size_t column_;
  Contained contained_;
  LiteralSet set_;
  std::vector<Scalar> wanted_;
};

class JsonContains final : public Condition {
 public:
  JsonContains(std::size_t column, JsonPath path, const Contained& contained)
      : column_(column), path_(std::move(path)), contained_(contained) {}

  void select(BlockContext& context, const RowBits& need, RowBits& out) const override {
    const RowBits known = context.known_rows(column_, need);
    const std::string_view* texts = context.block(column_).strings;
    select_each_row(known, out, [&](std::size_t row) {
      const auto found =
          context.json().contains(texts[row], path_, contained_.mode, contained_.values);
      return found.has_value() && *found != contained_.negative;
    });
  }
  unsigned cost() const override { return 120; }

 private:
  std::size_t column_;
  JsonPath path_;
  Contained contained_;
};

}  // namespace

ConditionPtr make_constant_condition(bool value) {
  return std::make_unique<ConstantCondition>(value);
}
ConditionPtr make_and(std::vector<ConditionPtr> children) {
  return std::make_unique<And>(std::move(children));
}
ConditionPtr make_or(std::vector<ConditionPtr> children) {
  return std::make_unique<Or>(std::move(children));
}
ConditionPtr make_null_condition(std::size_t column, bool null) {
  return std::make_unique<NullField>(column, null);
}
ConditionPtr make_null_condition(ValuePtr value, bool null) {
  return std::make_unique<NullValue>(std::move(value), null);
}
ConditionPtr make_membership(ValuePtr value, LiteralSet set, bool negative) {
  return std::make_unique<Membership>(std::move(value), std::move(set), negative);
}
ConditionPtr make_like(ValuePtr value, std::string_view pattern, bool negative) {
  return std::make_unique<TextCondition<LikePattern>>(std::move(value), LikePattern(pattern),
                                                      negative);
}

ConditionPtr make_text_match(ValuePtr value, AnyWord words, bool negative) {
  return std::make_unique<TextCondition<AnyWord>>(std::move(value), std::move(words), negative);
}

ConditionPtr make_spatial(ValuePtr value, std::unique_ptr<SpatialTest> test, bool negative) {
  return std::make_unique<TextCondition<Geometries>>(std::move(value), Geometries{std::move(test)},
                                                     negative);
}

ConditionPtr make_phrase(ValuePtr value, Phrase phrase, bool negative) {
  return std::make_unique<TextCondition<Phrase>>(std::move(value), std::move(phrase), negative);
}
ConditionPtr make_array_contains(std::size_t column, FieldType element_type,
                                 const Contained& contained) {
  return with_native_type(element_type, [&]<class T>() -> ConditionPtr {
    return std::make_unique<ArrayContains<T>>(column, contained);
  });
}
ConditionPtr make_json_contains(std::size_t column, JsonPath path, const Contained& contained) {
  return std::make_unique<JsonContains>(column, std::move(path), contained);
}

}  // namespace simile::scalar::filter
