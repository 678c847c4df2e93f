#pragma once
/// The nodes a graph search still believes in: sorted by distance (ties by node), of bounded width.
///
/// Invariants
/// 1. Entries are sorted.
/// 2. At most `width` entries count. Entries that do not count (nodes whose rows are filtered out
/// or
///    deleted) are stepping stones: they take no place of a counting one, and are kept only while
///    nearer than the last that counts, and while there are at most `most` entries in all.
/// 3. Entries before `cursor` have all been expanded.
///
/// An entry is one number, so that a comparison is one instruction and an insertion one memmove:
/// the bits of the distance, which order as the numbers do since none is negative; then the node;
/// then whether it counts and whether it was expanded.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <span>

#include "simile/base/aligned_buffer.h"
#include "simile/kernels/sorted_keys.h"

namespace simile::index {

struct BeamSize {
  std::size_t width;                    ///< entries that count
  std::size_t most;                     ///< entries in all; at least width
  std::uint32_t without = 0xFFFF'FFFF;  ///< a node to pass over, as if it were not there
};

class Beam {
 public:
  class Entry {
   public:
    Entry() = default;
    /// `distance` >= 0; `node` below 2^30.
    Entry(float distance, std::uint32_t node, bool counts)
        : bits_(std::uint64_t{std::bit_cast<std::uint32_t>(distance)} << 32 |
                std::uint64_t{node} << 2 | std::uint64_t{counts} << 1) {}

    float distance() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits_ >> 32)); }
    std::uint32_t node() const { return static_cast<std::uint32_t>(bits_) >> 2; }
    bool counts() const { return (bits_ & 2) != 0; }
    bool expanded() const { return (bits_ & 1) != 0; }

   private:
    friend class Beam;
    // Farther than all others.
    std::uint64_t bits_ = (std::uint64_t{1} << 63) - 1;
  };

  void reset(BeamSize size) {
    width_ = size.width;
    most_ = size.most;
    capacity_ = 0;  // a wide beam of before is not emptied for a narrow one
    reserve(std::min(2 * width_, most_) + 1);
    size_ = 0;
    counting_ = 0;
    cursor_ = 0;
    bound_ = std::numeric_limits<float>::infinity();
  }

  /// Nothing at this distance or beyond is taken in.
  float bound() const { return bound_; }

  /// `distance` below bound().
  void insert(float distance, std::uint32_t node, bool counts) {
    if (size_ + 1 >= capacity_) reserve(2 * capacity_);
    const Entry entry(distance, node, counts);
    const std::size_t at = insert_(&entries_->bits_, size_ + 1, entry.bits_);
    cursor_ = std::min(cursor_, at);
    ++size_;
    counting_ += counts;
    if (counting_ > width_ || size_ > most_) counting_ -= entries_[--size_].counts();
    if (counting_ == width_) {
      while (!entries_[size_ - 1].counts()) --size_;
    } else if (size_ < most_) {
      return;
    }
    bound_ = entries_[size_ - 1].distance();
  }

  /// The nearest entry not expanded yet, which then is; null when there is none.
  const Entry* expand_next() {
    while (cursor_ < size_ && entries_[cursor_].expanded()) ++cursor_;
    if (cursor_ == size_) return nullptr;
    entries_[cursor_].bits_ |= 1;
    return &entries_[cursor_++];
  }
  /// The entry that expand_next() would give if nothing came in between, or null.
  const Entry* peek() const {
    for (std::size_t i = cursor_; i < size_; ++i) {
      if (!entries_[i].expanded()) return &entries_[i];
    }
    return nullptr;
  }

  std::span<const Entry> entries() const { return {entries_, size_}; }

 private:
  // Entries keep their places, which are whole groups for the kernel and sorted past size() as
  // well: what was pushed out stays there until something else is.
  void reserve(std::size_t entries) {
    const std::size_t old = capacity_;
    capacity_ = (entries + kernels::kKeyGroup - 1) / kernels::kKeyGroup * kernels::kKeyGroup;
    if (capacity_ * sizeof(Entry) > memory_.size()) {
      AlignedBuffer larger(capacity_ * sizeof(Entry));
      std::copy_n(entries_, old, reinterpret_cast<Entry*>(larger.data()));
      memory_ = std::move(larger);
      entries_ = reinterpret_cast<Entry*>(memory_.data());
    }
    std::fill(entries_ + old, entries_ + capacity_, Entry{});
  }

  AlignedBuffer memory_;
  Entry* entries_ = nullptr;
  std::size_t capacity_ = 0;  // in use; there may be more memory
  std::size_t size_ = 0;
  std::size_t width_ = 0;
  std::size_t most_ = 0;
  std::size_t counting_ = 0;
  std::size_t cursor_ = 0;
  float bound_ = 0;
  kernels::InsertKeyFunction insert_ = kernels::insert_key_function();
};

}  // namespace simile::index
