#include "simile/scalar/filter/literal_set.h"

#include <bit>
#include <optional>
#include <utility>

namespace simile::scalar::filter {

namespace {

/// The int64 of the same value, if there is one.
std::optional<std::int64_t> as_integer(double value) {
  if (!(value >= -0x1p63 && value < 0x1p63)) return std::nullopt;
  const auto integer = static_cast<std::int64_t>(value);
  if (static_cast<double>(integer) != value) return std::nullopt;
  return integer;
}

}  // namespace

void IntegerSet::grow() {
  const std::vector<std::int64_t> old =
      std::exchange(slots_, std::vector<std::int64_t>(slots_.empty() ? 16 : slots_.size() * 2, 0));
  shift_ = 64 - std::countr_zero(slots_.size());
  used_ = 0;
  for (const std::int64_t value : old) {
    if (value != 0) insert(value);
  }
}

void IntegerSet::insert(std::int64_t value) {
  if ((used_ + 1) * 2 > slots_.size()) grow();
  if (value == 0) {
    has_zero_ = true;
    return;
  }
  std::size_t at = start(value);
  for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at] == value) return;
  }
  slots_[at] = value;
  ++used_;
}

LiteralSet::LiteralSet(std::span<const TemplateValue> values, bool single) {
  for (const TemplateValue& value : values) {
    const Scalar scalar = scalar_of(value);
    switch (scalar.kind) {
      case Kind::kBool: (scalar.truth ? has_true_ : has_false_) = true; break;
      case Kind::kInt: integers_.insert(scalar.integer); break;
      case Kind::kDouble:
        insert(single ? static_cast<double>(static_cast<float>(scalar.number)) : scalar.number);
        break;
      case Kind::kString: texts_.insert(scalar.text); break;
      default: break;
    }
  }
}

void LiteralSet::insert(double value) {
  if (const auto integer = as_integer(value)) {
    integers_.insert(*integer);
  } else {
    fractions_.insert(value);
  }
}

bool LiteralSet::contains(double value) const {
  if (const auto integer = as_integer(value)) return integers_.contains(*integer);
  return fractions_.contains(value);
}

bool LiteralSet::contains(const Scalar& value) const {
  switch (value.kind) {
    case Kind::kBool: return contains(value.truth);
    case Kind::kInt: return contains(value.integer);
    case Kind::kDouble: return contains(value.number);
    case Kind::kString: return contains(value.text);
    default: return false;
  }
}

}  // namespace simile::scalar::filter
