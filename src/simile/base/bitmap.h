#pragma once
/// A dense set of rows: one bit each.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "simile/base/ids.h"

namespace simile {

class Bitmap {
 public:
  Bitmap() = default;
  explicit Bitmap(std::size_t size, bool value = false)
      : size_(size), words_((size + 63) / 64, value ? ~std::uint64_t{0} : 0) {
    clear_tail();
  }

  std::size_t size() const { return size_; }
  bool test(std::size_t i) const { return (words_[i >> 6] >> (i & 63)) & 1; }
  bool test(RowId row) const { return test(value_of(row)); }
  void set(std::size_t i) { words_[i >> 6] |= std::uint64_t{1} << (i & 63); }
  void reset(std::size_t i) { words_[i >> 6] &= ~(std::uint64_t{1} << (i & 63)); }

  /// New bits are `value`.
  void resize(std::size_t size, bool value = false);
  std::size_t count() const;

  /// In place, with a set of the same size.
  Bitmap& operator&=(const Bitmap& other);
  Bitmap& operator|=(const Bitmap& other);
  Bitmap& subtract(const Bitmap& other);
  void flip();

  /// 64 rows a word, row 0 in the lowest bit; bits past size() are 0.
  std::span<const std::uint64_t> words() const { return words_; }
  /// After writing, bits past size() must be 0.
  std::span<std::uint64_t> words() { return words_; }

  /// Calls visit(row index) for each set bit, ascending.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t w = 0; w < words_.size(); ++w) {
      for (std::uint64_t bits = words_[w]; bits != 0; bits &= bits - 1) {
        visit(w * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
      }
    }
  }

  friend bool operator==(const Bitmap&, const Bitmap&) = default;

 private:
  void clear_tail();

  std::size_t size_ = 0;
  std::vector<std::uint64_t> words_;
};

}  // namespace simile
