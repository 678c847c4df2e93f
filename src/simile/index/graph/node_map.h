#pragma once
/// Which rows share a node: byte-identical vectors do, so that a thousand copies of one vector do
/// not fill each other's edges.
///
/// Invariants: row_of(node) is one of the node's rows, its first while none was removed, or kNone;
/// a node's rows, where there are several, hang on a ring in the order of their coming. Until rows
/// are removed, nodes are numbered in the order of their first rows.

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "simile/base/bytes.h"
#include "simile/error.h"
#include "simile/types.h"

namespace simile::index {

class NodeMap {
 public:
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

  /// Maps rows [rows(), vectors.rows); earlier rows must be the same bytes as before, unless
  /// forget_hashes() was called.
  void append(const MatrixView& vectors);
  /// The bytes of rows have changed; equal ones are equal still.
  void forget_hashes() { slots_ = {}; }

  /// Makes room for `count` rows more, which takes time; the following calls of add() then take
  /// little. Nothing that for_each_row() reads is changed.
  void reserve(const MatrixView& vectors, std::size_t count);
  /// Maps a row that is not mapped: to the node of its equals, or else to `unused`, a node without
  /// rows that is at most nodes(). Returns the node.
  std::uint32_t add(const MatrixView& vectors, std::uint32_t row, std::uint32_t unused);
  /// Unmaps a row whose bytes are still what they were. Returns its node where that is left without
  /// rows, else kNone.
  std::uint32_t remove(const MatrixView& vectors, std::uint32_t row);

  /// One more than the last row that was ever mapped.
  std::size_t rows() const { return rows_; }
  std::size_t nodes() const { return first_rows_.size(); }
  std::uint32_t row_of(std::uint32_t node) const { return first_rows_[node]; }
  /// Of every node.
  std::span<const std::uint32_t> first_rows() const { return first_rows_; }

  /// Calls visit(row) for every row of a node, in the order of their coming.
  template <class Visit>
  void for_each_row(std::uint32_t node, Visit&& visit) const {
    const std::uint32_t first = first_rows_[node];
    if (first == kNone) return;
    visit(first);
    if (rings_.empty()) return;
    for (auto at = rings_.find(first); at != rings_.end() && at->second.next != first;
         at = rings_.find(at->second.next)) {
      visit(at->second.next);
    }
  }

  std::uint64_t memory_bytes() const;
  /// The most that memory_bytes() is with so many rows, all different.
  static std::uint64_t bytes_for(std::uint64_t rows);
  void write(ByteWriter& writer) const;
  /// kDataLoss where the bytes are damaged or do not fit `rows` rows.
  static Result<NodeMap> read(ByteReader& reader, std::size_t rows);

 private:
  struct Link {
    std::uint32_t next;
    std::uint32_t before;
  };

  void attach(std::uint32_t first, std::uint32_t row);
  void rehash(const MatrixView& vectors, std::size_t slots);
  /// Where the row's equals are, or the free slot where they would be.
  std::size_t slot_of(const MatrixView& vectors, std::uint32_t row) const;

  std::size_t rows_ = 0;
  std::vector<std::uint32_t> first_rows_;          // of each node
  std::unordered_map<std::uint32_t, Link> rings_;  // rows of nodes that have several
  // Hash table of nodes; built when rows come. A node that has lost its rows, or has others now,
  // may keep its old slots until the next rehash: they are passed over like any other node's.
  std::vector<std::uint32_t> slots_;
  std::size_t used_ = 0;  // slots that are not free
};

}  // namespace simile::index
