#include "simile/db/id_table.h"

#include <algorithm>
#include <bit>

namespace simile::db {

namespace {
constexpr std::uint32_t kFree = 0xFFFF'FFFF;
constexpr std::uint32_t kRemoved = 0xFFFF'FFFE;  // keeps probing going past it
}  // namespace

std::size_t IdTable::home(std::int64_t id) const {
  const std::uint64_t mixed = static_cast<std::uint64_t>(id) * 0x9E37'79B9'7F4A'7C15u;
  return static_cast<std::size_t>(mixed >> 32) & (slots_.size() - 1);
}

RowId IdTable::find(std::int64_t id) const {
  if (counting_) {
    const bool known = id >= 0 && static_cast<std::uint64_t>(id) < rows_;
    return known ? RowId{static_cast<std::uint32_t>(id)} : kNoRow;
  }
  if (slots_.empty()) return kNoRow;
  for (std::size_t slot = home(id);; slot = (slot + 1) & (slots_.size() - 1)) {
    const std::uint32_t row = slots_[slot];
    if (row == kFree) return kNoRow;
    if (row != kRemoved && ids_[row] == id) return RowId{row};
  }
}

void IdTable::insert_slot(std::uint32_t row) {
  std::size_t slot = home(ids_[row]);
  while (slots_[slot] != kFree) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = row;
  ++used_;
}

// Removed places are dropped on the way, so churn does not make it grow for ever.
void IdTable::grow() {
  std::vector<std::uint32_t> live;
  for (const std::uint32_t row : slots_) {
    if (row != kFree && row != kRemoved) live.push_back(row);
  }
  slots_.assign(std::bit_ceil(std::max<std::size_t>(64, (live.size() + 1) * 2)), kFree);
  used_ = 0;
  for (const std::uint32_t row : live) insert_slot(row);
}

void IdTable::leave_counting() {
  counting_ = false;
  ids_.resize(rows_);
  for (std::size_t row = 0; row < rows_; ++row) ids_[row] = static_cast<std::int64_t>(row);
  slots_.assign(std::bit_ceil(std::max<std::size_t>(64, rows_ * 3 / 2)), kFree);
  for (std::size_t row = 0; row < rows_; ++row) insert_slot(static_cast<std::uint32_t>(row));
}

std::uint64_t IdTable::bytes_for(std::uint64_t rows) {
  const std::uint64_t slots = std::bit_ceil(std::max<std::uint64_t>(64, rows * 2));
  return 2 * rows * sizeof(std::int64_t) + slots * sizeof(std::uint32_t);
}

void IdTable::append(std::int64_t id) {
  if (counting_ && id == static_cast<std::int64_t>(rows_)) {
    append_next(1);
    return;
  }
  append_listed(id, true);
}

void IdTable::append_listed(std::int64_t id, bool live) {
  if (counting_) leave_counting();
  ids_.push_back(id);
  const auto row = static_cast<std::uint32_t>(rows_++);
  next_id_ = std::max(next_id_, id + 1);
  if (!live) return;
  if ((used_ + 1) * 4 > slots_.size() * 3) grow();
  insert_slot(row);
}

void IdTable::append_next(std::size_t count) {
  if (counting_) {
    rows_ += count;
    next_id_ += static_cast<std::int64_t>(count);
    return;
  }
  for (std::size_t i = 0; i < count; ++i) append(next_id_);
}

void IdTable::replace(RowId row, std::int64_t id) {
  ids_[value_of(row)] = id;
  next_id_ = std::max(next_id_, id + 1);
  if ((used_ + 1) * 4 > slots_.size() * 3) grow();
  insert_slot(value_of(row));
}

void IdTable::truncate(std::size_t rows, std::int64_t next_id) {
  for (std::size_t row = rows; row < rows_ && !counting_; ++row) {
    const RowId id{static_cast<std::uint32_t>(row)};
    if (find(ids_[row]) == id) remove(id);
  }
  if (!counting_) ids_.resize(rows);
  rows_ = rows;
  next_id_ = next_id;
}

void IdTable::keep_next_id(std::int64_t id) {
  if (id <= next_id_) return;
  if (counting_) leave_counting();
  next_id_ = id;
}

void IdTable::remove(RowId row) {
  if (counting_) leave_counting();
  std::size_t slot = home(ids_[value_of(row)]);
  while (slots_[slot] != value_of(row)) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = kRemoved;
}

}  // namespace simile::db
