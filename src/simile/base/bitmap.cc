#include "simile/base/bitmap.h"

#include "simile/base/check.h"

namespace simile {

void Bitmap::clear_tail() {
  if (size_ % 64 != 0) words_.back() &= (std::uint64_t{1} << (size_ % 64)) - 1;
}

void Bitmap::resize(std::size_t size, bool value) {
  const std::size_t old = size_;
  if (value && old % 64 != 0) words_.back() |= ~std::uint64_t{0} << (old % 64);
  words_.resize((size + 63) / 64, value ? ~std::uint64_t{0} : 0);
  size_ = size;
  clear_tail();
}

std::size_t Bitmap::count() const {
  std::size_t n = 0;
  for (const std::uint64_t word : words_) n += static_cast<std::size_t>(std::popcount(word));
  return n;
}

Bitmap& Bitmap::operator&=(const Bitmap& other) {
  SIMILE_CHECK(other.size_ == size_);
  for (std::size_t w = 0; w < words_.size(); ++w) words_[w] &= other.words_[w];
  return *this;
}

Bitmap& Bitmap::operator|=(const Bitmap& other) {
  SIMILE_CHECK(other.size_ == size_);
  for (std::size_t w = 0; w < words_.size(); ++w) words_[w] |= other.words_[w];
  return *this;
}

Bitmap& Bitmap::subtract(const Bitmap& other) {
  SIMILE_CHECK(other.size_ == size_);
  for (std::size_t w = 0; w < words_.size(); ++w) words_[w] &= ~other.words_[w];
  return *this;
}

void Bitmap::flip() {
  for (std::uint64_t& word : words_) word = ~word;
  if (!words_.empty()) clear_tail();
}

}  // namespace simile
