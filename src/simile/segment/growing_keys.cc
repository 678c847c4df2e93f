#include "simile/segment/growing_keys.h"

namespace simile::segment {

void GrowingKeys::link(Table& table, std::uint32_t row, std::uint32_t tag) {
  std::atomic<std::uint32_t>& head = table.heads[tag & table.mask];
  table.entries[row] = {head.load(std::memory_order_relaxed), tag};
  head.store(row + 1, std::memory_order_release);
}

void GrowingKeys::append(std::uint64_t hash) {
  if (rows_ == capacity_) grow(capacity_ * 2);
  link(*tables_.back(), static_cast<std::uint32_t>(rows_), tag_of(hash));
  ++rows_;
}

void GrowingKeys::grow(std::size_t capacity) {
  auto table = std::make_unique<Table>();
  table->mask = static_cast<std::uint32_t>(capacity - 1);
  table->heads = std::make_unique<std::atomic<std::uint32_t>[]>(capacity);
  table->entries = std::make_unique_for_overwrite<Entry[]>(capacity);
  for (std::size_t row = 0; row < rows_; ++row) {
    link(*table, static_cast<std::uint32_t>(row), tables_.back()->entries[row].tag);
  }
  table_.store(table.get(), std::memory_order_release);
  tables_.push_back(std::move(table));
  capacity_ = capacity;
  memory_bytes_.fetch_add(capacity * (sizeof(Entry) + sizeof(std::uint32_t)),
                          std::memory_order_relaxed);
}

}  // namespace simile::segment
