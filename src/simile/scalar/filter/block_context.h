#pragma once
/// What one evaluation of a filter holds: the current block of every column, and memory for
/// intermediate values. One thread.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "simile/scalar/arena.h"
#include "simile/scalar/column.h"
#include "simile/scalar/filter/json_reader.h"
#include "simile/scalar/filter/scalar.h"

namespace simile::scalar::filter {

/// One bit a row of a block, row 0 lowest; bits past the rows of the block are 0.
using RowBits = std::array<std::uint64_t, kBlockWords>;

inline bool none(const RowBits& bits) {
  std::uint64_t any = 0;
  for (const std::uint64_t word : bits) any |= word;
  return any == 0;
}

/// Calls visit(row) for every set bit, ascending.
template <class Visit>
void for_each_row(const RowBits& bits, Visit&& visit) {
  for (std::size_t w = 0; w < kBlockWords; ++w) {
    for (std::uint64_t word = bits[w]; word != 0; word &= word - 1) {
      visit(w * 64 + static_cast<std::size_t>(std::countr_zero(word)));
    }
  }
}

/// The rows of `need` where test(row) is true. test() is called for whole words, so it must do no
/// harm on rows that are not needed; it is what compilers turn into vector code.
template <class Test>
void select_rows(const RowBits& need, std::size_t rows, RowBits& out, Test&& test) {
  for (std::size_t w = 0; w < kBlockWords; ++w) {
    if (need[w] == 0) {
      out[w] = 0;
      continue;
    }
    const std::size_t first = w * 64;
    alignas(64) std::uint8_t flags[64];
    if (rows - first >= 64) {
      for (std::size_t i = 0; i < 64; ++i) flags[i] = test(first + i) ? 1 : 0;
    } else {
      std::memset(flags, 0, sizeof flags);
      for (std::size_t i = 0; i < rows - first; ++i) flags[i] = test(first + i) ? 1 : 0;
    }
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      // Eight bytes of 0 or 1 become eight bits: the product moves byte j to bit 56 + j.
      std::uint64_t eight;
      std::memcpy(&eight, flags + i * 8, 8);
      word |= (eight * 0x0102'0408'1020'4080u >> 56) << (i * 8);
    }
    out[w] = word & need[w];
  }
}

/// The rows of `need` where test(row) is true; test() is called for these rows only.
template <class Test>
void select_each_row(const RowBits& need, RowBits& out, Test&& test) {
  for (std::size_t w = 0; w < kBlockWords; ++w) {
    std::uint64_t selected = 0;
    for (std::uint64_t word = need[w]; word != 0; word &= word - 1) {
      const auto bit = static_cast<std::size_t>(std::countr_zero(word));
      if (test(w * 64 + bit)) selected |= std::uint64_t{1} << bit;
    }
    out[w] = selected;
  }
}

/// Values of one type for the rows of a block: std::uint8_t for bool, std::int64_t, double,
/// std::string_view or Scalar. Rows that are not in `known` are null or were not asked for.
struct ValueBlock {
  const void* data = storage;
  RowBits known{};
  alignas(64) std::byte storage[kBlockRows * sizeof(Scalar)]{};

  template <class T>
  const T* as() const {
    return static_cast<const T*>(data);
  }
  /// Own memory, for values that are not there already.
  template <class T>
  T* fill() {
    data = storage;
    return reinterpret_cast<T*>(storage);
  }
};

class BlockContext {
 public:
  explicit BlockContext(std::vector<const ColumnReader*> columns)
      : columns_(std::move(columns)), loaded_(columns_.size()) {}

  /// Moves on to rows [first, first + rows).
  void start(std::size_t first, std::size_t rows) {
    first_ = first;
    rows_ = rows;
    picked_ = {};
    ++block_number_;
    arena_.clear();
  }

  /// Moves on to these rows, at most kBlockRows, wherever they are.
  void start(std::span<const RowId> rows) {
    start(0, rows.size());
    picked_ = rows;
  }

  std::size_t rows() const { return rows_; }

  /// Read when it is first asked for: a column that no undecided row needs is never touched.
  const Block& block(std::size_t column) {
    Loaded& loaded = loaded_[column];
    if (loaded.number != block_number_) {
      if (loaded.scratch == nullptr) loaded.scratch = std::make_unique<BlockScratch>();
      loaded.block = picked_.empty() ? columns_[column]->block(first_, rows_, *loaded.scratch)
                                     : columns_[column]->pick(picked_, *loaded.scratch);
      loaded.number = block_number_;
    }
    return loaded.block;
  }

  /// The rows of `need` that are not null.
  RowBits known_rows(std::size_t column, const RowBits& need) {
    RowBits known = need;
    const std::uint64_t* valid = block(column).valid;
    if (valid == nullptr) return known;
    for (std::size_t w = 0; w * 64 < rows_; ++w) known[w] &= valid[w];
    return known;
  }

  ValueBlock& slot(std::size_t i) {
    while (slots_.size() <= i) slots_.push_back(std::make_unique<ValueBlock>());
    return *slots_[i];
  }

  /// For texts; free again at the next block.
  Arena& arena() { return arena_; }
  JsonReader& json() { return json_; }

 private:
  struct Loaded {
    Block block;
    std::uint64_t number = 0;
    std::unique_ptr<BlockScratch> scratch;
  };

  std::vector<const ColumnReader*> columns_;
  std::vector<Loaded> loaded_;
  std::size_t first_ = 0;
  std::size_t rows_ = 0;
  std::span<const RowId> picked_;
  std::uint64_t block_number_ = 0;
  std::vector<std::unique_ptr<ValueBlock>> slots_;
  Arena arena_;
  JsonReader json_;
};

}  // namespace simile::scalar::filter
