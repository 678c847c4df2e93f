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

  std::size_t size() const { return used_ + (has_zero_ ? 1 : 0); }
  template <class Visit>
  void for_each(Visit&& visit) const {
    if (has_zero_) visit(std::int64_t{0});
    for (const std::int64_t value : slots_) {
      if (value != 0) visit(value);
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

  std::size_t size() const {
    return integers_.size() + fractions_.size() + texts_.size() + has_true_ + has_false_;
  }
  /// Calls visit(Scalar) for each value once; numbers that are whole are integers.
  template <class Visit>
  void for_each(Visit&& visit) const {
    integers_.for_each([&](std::int64_t value) { visit(Scalar(value)); });
    for (const double value : fractions_) visit(Scalar(value));
    for (const std::string_view value : texts_) visit(Scalar(value));
    if (has_true_) visit(Scalar(true));
    if (has_false_) visit(Scalar(false));
  }

 private:
  void insert(double value);

  IntegerSet integers_;
  std::unordered_set<double> fractions_;  // no integer within 64 bits among them
  std::unordered_set<std::string_view> texts_;
  bool has_true_ = false;
  bool has_false_ = false;
};

}  // namespace simile::scalar::filter
