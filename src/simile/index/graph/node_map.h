#pragma once
/// Which rows share a node: byte-identical vectors do, so that a thousand copies of one vector do
/// not fill each other's edges.
///
/// Invariants: nodes are numbered in the order of their first rows; row_of(node) is that first row;
/// further rows of a node hang on a chain in ascending order.

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
  /// Maps rows [rows(), vectors.rows); earlier rows must be the same bytes as before, unless
  /// forget_hashes() was called.
  void append(const MatrixView& vectors);
  /// The bytes of rows have changed; equal ones are equal still.
  void forget_hashes() { slots_.clear(); }

  std::size_t rows() const { return rows_; }
  std::size_t nodes() const { return first_rows_.size(); }
  std::uint32_t row_of(std::uint32_t node) const { return first_rows_[node]; }
  std::span<const std::uint32_t> first_rows() const { return first_rows_; }

  /// Calls visit(row) for every row of a node, ascending.
  template <class Visit>
  void for_each_row(std::uint32_t node, Visit&& visit) const {
    visit(first_rows_[node]);
    if (chains_.empty()) return;
    for (auto at = chains_.find(first_rows_[node]); at != chains_.end();
         at = chains_.find(at->second.next)) {
      visit(at->second.next);
    }
  }

  std::uint64_t memory_bytes() const;
  void write(ByteWriter& writer) const;
  /// kDataLoss where the bytes are damaged or do not fit `rows` rows.
  static Result<NodeMap> read(ByteReader& reader, std::size_t rows);

 private:
  struct Link {
    std::uint32_t next;
    std::uint32_t last;  // of the whole chain; kept at its head only
  };

  void attach(std::uint32_t head, std::uint32_t row);
  void rehash(const MatrixView& vectors, std::size_t slots);

  std::size_t rows_ = 0;
  std::vector<std::uint32_t> first_rows_;           // of each node
  std::unordered_map<std::uint32_t, Link> chains_;  // row -> next row of the same node
  std::vector<std::uint32_t> slots_;                // hash table of nodes; built when rows come
};

}  // namespace simile::index
