#pragma once
/// Nodes seen by one search: open addressing, which stays in the second-level cache where an array
/// over all nodes would not. Emptied in time proportional to what was put in.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace simile::index {

class VisitedSet {
 public:
  VisitedSet() : slots_(1024, kEmpty) {}

  void clear() {
    if (used_.size() * 8 > slots_.size()) {
      std::fill(slots_.begin(), slots_.end(), kEmpty);
    } else {
      for (const std::uint32_t slot : used_) slots_[slot] = kEmpty;
    }
    used_.clear();
  }

  bool contains(std::uint32_t node) const { return slots_[find(node)] == node; }

  /// True where the node is new.
  bool insert(std::uint32_t node) {
    std::size_t slot = find(node);
    if (slots_[slot] == node) return false;
    if ((used_.size() + 1) * 2 > slots_.size()) {
      grow();
      slot = find(node);
    }
    slots_[slot] = node;
    used_.push_back(static_cast<std::uint32_t>(slot));
    return true;
  }

 private:
  static constexpr std::uint32_t kEmpty = 0xFFFF'FFFF;

  std::size_t find(std::uint32_t node) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = (node * 0x9E37'79B1u >> 7) & mask;
    while (slots_[slot] != kEmpty && slots_[slot] != node) slot = (slot + 1) & mask;
    return slot;
  }

  void grow() {
    std::vector<std::uint32_t> nodes;
    nodes.reserve(used_.size());
    for (const std::uint32_t slot : used_) nodes.push_back(slots_[slot]);
    slots_.assign(slots_.size() * 4, kEmpty);
    used_.clear();
    for (const std::uint32_t node : nodes) {
      const std::size_t slot = find(node);
      slots_[slot] = node;
      used_.push_back(static_cast<std::uint32_t>(slot));
    }
  }

  std::vector<std::uint32_t> slots_;
  std::vector<std::uint32_t> used_;
};

/// Remembers most of the nodes shown to it, in the first-level cache: each has one place, which the
/// next node with the same hash takes over.
class SeenCache {
 public:
  void clear() { nodes_.fill(kEmpty); }

  /// False where the node is remembered.
  bool insert(std::uint32_t node) {
    std::uint32_t& place = nodes_[node * 0x9E37'79B1u >> (32 - kBits)];
    if (place == node) return false;
    place = node;
    return true;
  }

 private:
  static constexpr std::uint32_t kEmpty = 0xFFFF'FFFF;
  static constexpr int kBits = 11;
  std::array<std::uint32_t, std::size_t{1} << kBits> nodes_;
};

}  // namespace simile::index
