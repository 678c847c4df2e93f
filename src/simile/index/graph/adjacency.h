#pragma once
/// Out-edges of every node, `degree` places each, filled from the front; kNoNode marks the rest.

#include <algorithm>
#include <cstdint>
#include <span>

#include "simile/base/growable_buffer.h"
#include "simile/base/prefetch.h"

namespace simile::index {

inline constexpr std::uint32_t kNoNode = 0xFFFF'FFFF;

class Adjacency {
 public:
  explicit Adjacency(std::uint32_t degree) : degree_(degree) {}

  std::uint32_t degree() const { return degree_; }
  std::size_t size() const { return size_; }

  void resize(std::size_t nodes) {
    edges_.resize(nodes * degree_ * sizeof(std::uint32_t));
    for (std::size_t n = size_; n < nodes; ++n) std::ranges::fill(slots(n), kNoNode);
    size_ = nodes;
  }

  std::span<std::uint32_t> slots(std::size_t node) {
    return {edges_.as<std::uint32_t>() + node * degree_, degree_};
  }
  std::span<const std::uint32_t> slots(std::size_t node) const {
    return {edges_.as<std::uint32_t>() + node * degree_, degree_};
  }
  /// The edges that are there.
  std::span<const std::uint32_t> neighbors(std::size_t node) const {
    const std::span<const std::uint32_t> all = slots(node);
    return all.first(static_cast<std::size_t>(std::ranges::find(all, kNoNode) - all.begin()));
  }
  void assign(std::size_t node, std::span<const std::uint32_t> neighbors) {
    const std::span<std::uint32_t> out = slots(node);
    std::ranges::copy(neighbors, out.begin());
    std::ranges::fill(out.subspan(neighbors.size()), kNoNode);
  }
  SIMILE_ALWAYS_INLINE void prefetch(std::size_t node) const {
    prefetch_lines<CacheLevel::kFirst>(edges_.as<std::uint32_t>() + node * degree_,
                                       degree_ * sizeof(std::uint32_t));
  }

  std::span<const std::byte> bytes() const { return edges_.bytes(); }
  std::span<std::byte> bytes() { return {edges_.data(), edges_.size()}; }

 private:
  std::uint32_t degree_;
  std::size_t size_ = 0;
  GrowableBuffer edges_;
};

}  // namespace simile::index
