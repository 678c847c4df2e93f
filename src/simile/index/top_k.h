#pragma once
/// The k nearest of a stream of hits, in fixed space: the one top-k of all indexes.
///
/// Invariants: the heap's top is the farthest hit kept; bound() is its distance once k are kept,
/// and infinity before; what is kept does not depend on the order of the stream, since hits are
/// totally ordered (distance, then row).

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

#include "simile/index/index.h"

namespace simile::index {

class TopK {
 public:
  explicit TopK(std::size_t k = 0) { reset(k); }

  /// Empties it; allocates only where k is larger than ever before.
  void reset(std::size_t k) {
    k_ = k;
    heap_.clear();
    heap_.reserve(k);
  }

  std::size_t size() const { return heap_.size(); }
  bool full() const { return heap_.size() == k_; }

  /// A hit farther than this cannot enter.
  float bound() const {
    return full() && k_ != 0 ? heap_.front().distance : std::numeric_limits<float>::infinity();
  }

  void push(Hit hit) {
    if (heap_.size() < k_) {
      heap_.push_back(hit);
      std::push_heap(heap_.begin(), heap_.end(), nearer);
    } else if (k_ != 0 && nearer(hit, heap_.front())) {
      std::pop_heap(heap_.begin(), heap_.end(), nearer);
      heap_.back() = hit;
      std::push_heap(heap_.begin(), heap_.end(), nearer);
    }
  }

  /// Sorts, nearest first, and leaves the object fit for reset() only.
  std::span<Hit> take_sorted() {
    std::sort_heap(heap_.begin(), heap_.end(), nearer);
    return heap_;
  }

 private:
  std::size_t k_ = 0;
  std::vector<Hit> heap_;
};

}  // namespace simile::index
