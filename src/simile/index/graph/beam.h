#pragma once
/// The nodes a graph search still believes in: sorted by distance (ties by node), of bounded width.
///
/// Invariants
/// 1. Entries are sorted and no node is in twice.
/// 2. At most `width` entries count. Entries that do not count (nodes whose rows are filtered out
/// or
///    deleted) are stepping stones: they take no place of a counting one, and are kept only while
///    nearer than the last that counts.
/// 3. Entries before `cursor` have all been expanded.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace simile::index {

class Beam {
 public:
  struct Entry {
    float distance;
    std::uint32_t node : 30;
    std::uint32_t counts : 1;
    std::uint32_t expanded : 1;
  };

  void reset(std::size_t width) {
    entries_.clear();
    width_ = width;
    counting_ = 0;
    cursor_ = 0;
  }

  /// Nothing at this distance or beyond is taken in.
  float bound() const {
    return counting_ < width_ ? std::numeric_limits<float>::infinity() : entries_.back().distance;
  }

  void insert(float distance, std::uint32_t node, bool counts) {
    const Entry entry{distance, node & kNodeMask, counts, false};
    const auto at = std::upper_bound(entries_.begin(), entries_.end(), entry, before);
    if (counting_ == width_ && at == entries_.end()) return;
    cursor_ = std::min(cursor_, static_cast<std::size_t>(at - entries_.begin()));
    entries_.insert(at, entry);
    counting_ += counts;
    if (counting_ > width_) {
      entries_.pop_back();
      --counting_;
    }
    while (counting_ == width_ && !entries_.back().counts) entries_.pop_back();
  }

  /// The nearest entry not expanded yet, which then is; null when there is none.
  const Entry* expand_next() {
    while (cursor_ < entries_.size() && entries_[cursor_].expanded) ++cursor_;
    if (cursor_ == entries_.size()) return nullptr;
    entries_[cursor_].expanded = true;
    return &entries_[cursor_++];
  }
  /// The entry that expand_next() would give if nothing came in between, or null.
  const Entry* peek() const {
    for (std::size_t i = cursor_; i < entries_.size(); ++i) {
      if (!entries_[i].expanded) return &entries_[i];
    }
    return nullptr;
  }

  std::span<const Entry> entries() const { return entries_; }

 private:
  static constexpr std::uint32_t kNodeMask = (1u << 30) - 1;

  static bool before(const Entry& a, const Entry& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.node < b.node);
  }

  std::vector<Entry> entries_;
  std::size_t width_ = 0;
  std::size_t counting_ = 0;
  std::size_t cursor_ = 0;
};

}  // namespace simile::index
