#include "simile/scalar/arena.h"

#include <algorithm>

namespace simile::scalar {

namespace {

/// Large enough that a piece costs no visit to the allocator, small enough for many columns.
constexpr std::size_t kPartBytes = std::size_t{64} << 10;

}  // namespace

std::byte* Arena::allocate(std::size_t bytes) {
  bytes = (bytes + 7) & ~std::size_t{7};
  if (parts_.empty() || parts_.back().size - used_ < bytes) {
    // Growing with what is there already keeps the number of parts logarithmic, up to 4 MiB each.
    const std::size_t usual =
        std::clamp(memory_bytes_ / 4, std::uint64_t{kPartBytes}, std::uint64_t{4} << 20);
    const std::size_t size = std::max(bytes, usual);
    parts_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
    memory_bytes_ += size;
    used_ = 0;
  }
  std::byte* piece = parts_.back().memory.get() + used_;
  used_ += bytes;
  return piece;
}

void Arena::clear() {
  if (parts_.size() > 1) parts_.erase(parts_.begin(), parts_.end() - 1);
  memory_bytes_ = parts_.empty() ? 0 : parts_[0].size;
  used_ = 0;
}

}  // namespace simile::scalar
