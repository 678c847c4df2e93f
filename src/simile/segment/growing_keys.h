#pragma once
/// Key hash -> rows of a growing segment: a hash table with one writer and readers without locks.
///
/// Invariants:
/// 1. Each row is an entry of a chain; a chain runs from newer rows to older ones. So whoever may
///    see the first n rows walks past newer ones and finds the last version that he may see.
/// 2. An entry is written before the head that leads to it is published, and never changed while
///    its table is in use. A full table is replaced by one of twice the size; the old ones stay for
///    readers that are inside, and together they are smaller than the new one.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "simile/base/ids.h"

namespace simile::segment {

class GrowingKeys {
 public:
  GrowingKeys() { grow(kFirstCapacity); }

  /// The next row, from 0. One thread.
  void append(std::uint64_t hash);

  /// The newest row for which accept(row) holds, asked only where hashes agree in 32 bits; kNoRow
  /// where there is none. Rows that the caller did not learn of yet must not be accepted unseen.
  template <class Accept>
  RowId find(std::uint64_t hash, Accept&& accept) const {
    const Table& table = *table_.load(std::memory_order_acquire);
    const std::uint32_t tag = tag_of(hash);
    std::uint32_t next = table.heads[tag & table.mask].load(std::memory_order_acquire);
    while (next != 0) {
      const std::uint32_t row = next - 1;
      const Entry& entry = table.entries[row];
      if (entry.tag == tag && accept(RowId{row})) return RowId{row};
      next = entry.next;
    }
    return kNoRow;
  }

  std::uint64_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kFirstCapacity = 1024;

  struct Entry {
    std::uint32_t next;  // row + 1; 0 ends the chain
    std::uint32_t tag;
  };
  struct Table {
    std::uint32_t mask;
    std::unique_ptr<std::atomic<std::uint32_t>[]> heads;  // row + 1, or 0
    std::unique_ptr<Entry[]> entries;
  };
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
  static void link(Table& table, std::uint32_t row, std::uint32_t tag);
  void grow(std::size_t capacity);

  std::atomic<Table*> table_{nullptr};
  std::vector<std::unique_ptr<Table>> tables_;  // the last one is in use
  std::size_t capacity_ = 0;
  std::size_t rows_ = 0;
  std::atomic<std::uint64_t> memory_bytes_{0};
};

}  // namespace simile::segment
