#pragma once
/// How rows of nodes are changed while others walk the graph: in copies, without anyone's waiting;
/// then the copies are put in place, a few hundred at a time, while walks wait. That takes about as
/// long as one walk does.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <vector>

#include "simile/base/parallel.h"
#include "simile/base/prefetch.h"
#include "simile/base/shared_gate.h"

namespace simile::index {

/// Calls change() while no walk is under way. `gate` is null where there are none.
template <class Change>
void change_alone(SharedGate* gate, Change&& change) {
  if (gate == nullptr) {
    change();
    return;
  }
  const std::lock_guard alone(*gate);
  change();
}

template <class Space>
class RowEdits {
 public:
  RowEdits(Space& space, std::uint32_t threads, SharedGate* gate)
      : space_(space), threads_(threads), gate_(gate) {}

  /// Calls edit(i, row, worker) for each i in [0, count), in parallel; `row` is that of node_of(i),
  /// to be changed in place, and true says that it was. Nodes are distinct. An edit may read other
  /// nodes' codes, but their edges only if no edit of the same call changes them.
  template <class NodeOf, class Edit>
  void each(std::size_t count, const NodeOf& node_of, const Edit& edit) {
    if (gate_ == nullptr) {
      parallel_for(threads_, count, kGrain, [&](std::size_t first, std::size_t last, auto worker) {
        for (std::size_t i = first; i < last; ++i) {
          if (i + 1 < last) prefetch(node_of(i + 1));
          edit(i, space_.row(node_of(i)), worker);
        }
      });
      return;
    }
    const std::size_t piece = std::clamp<std::size_t>(kCopiedBytes / space_.stride(), 16, 512);
    copies_.resize(std::min(piece, count) * space_.stride());
    changed_.resize(std::min(piece, count));
    for (std::size_t begin = 0; begin < count; begin += piece) {
      edit_piece(begin, std::min(piece, count - begin), node_of, edit);
    }
  }

 private:
  static constexpr std::size_t kGrain = 64;
  static constexpr std::size_t kCopiedBytes = std::size_t{512} << 10;  // stays in the cache

  template <class NodeOf, class Edit>
  void edit_piece(std::size_t begin, std::size_t count, const NodeOf& node_of, const Edit& edit) {
    const std::size_t stride = space_.stride();
    parallel_for(threads_, count, kGrain, [&](std::size_t first, std::size_t last, auto worker) {
      for (std::size_t i = first; i < last; ++i) {
        if (i + 1 < last) prefetch(node_of(begin + i + 1));
        std::byte* copy = copies_.data() + i * stride;
        std::memcpy(copy, space_.row(node_of(begin + i)), stride);
        changed_[i] = edit(begin + i, copy, worker);
      }
    });
    change_alone(gate_, [&] {
      for (std::size_t i = 0; i < count; ++i) {
        if (changed_[i]) {
          std::memcpy(space_.row(node_of(begin + i)), copies_.data() + i * stride, stride);
        }
      }
    });
  }

  void prefetch(std::uint32_t node) const {
    prefetch_lines<CacheLevel::kSecond>(space_.row(node), space_.stride());
  }

  Space& space_;
  std::uint32_t threads_;
  SharedGate* gate_;
  std::vector<std::byte> copies_;
  std::vector<std::uint8_t> changed_;
};

}  // namespace simile::index
