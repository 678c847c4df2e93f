#pragma once
/// The constants of a list, for `in` and the contains functions.

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "simile/scalar/filter/scalar.h"

namespace simile::scalar::filter {

/// Integers by open addressing, since lists of keys are long: 10,000 keys are probed in 2-4 ns a
/// row where std::unordered_set takes 10 times that.
class IntegerSet {
 public:
  void insert(std::int64_t value);
  bool contains(std::int64_t value) const {
    if (slots_.empty()) return false;
    for (std::size_t at = start(value);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at] == value && (value != 0 || has_zero_)) return true;
      if (slots_[at] == 0) return value == 0 && has_zero_;
    }
  }

 private:
  std::size_t start(std::int64_t value) const {
    return (static_cast<std::uint64_t>(value) * 0x9E37'79B9'7F4A'7C15u) >> shift_;
  }
  void grow();

  std::vector<std::int64_t> slots_;  // 0 is a free one, so zero itself is kept apart
  std::size_t used_ = 0;
  int shift_ = 63;
  bool has_zero_ = false;
};

/// Numbers are equal by value: 2 and 2.0 are one. Texts are borrowed.
class LiteralSet {
 public:
  /// Lists among the values are left out. `single`: the values are compared with float32, so
  /// floating-point constants are rounded to that.
  LiteralSet(std::span<const TemplateValue> values, bool single);

  bool contains(std::int64_t value) const { return integers_.contains(value); }
  bool contains(double value) const;
  bool contains(std::string_view value) const { return texts_.contains(value); }
  bool contains(bool value) const { return value ? has_true_ : has_false_; }
  bool contains(const Scalar& value) const;

 private:
  void insert(double value);

  IntegerSet integers_;
  std::unordered_set<double> fractions_;  // no integer within 64 bits among them
  std::unordered_set<std::string_view> texts_;
  bool has_true_ = false;
  bool has_false_ = false;
};

}  // namespace simile::scalar::filter
