#pragma once
/// Memory that is handed out in pieces and freed all at once; pieces never move.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace simile::scalar {

/// Not thread-safe; the pieces may be read by anyone.
class Arena {
 public:
  /// Aligned to 8 bytes, not zeroed.
  std::byte* allocate(std::size_t bytes);
  /// Makes all memory free again and keeps one block of it.
  void clear();
  std::uint64_t memory_bytes() const { return memory_bytes_; }

 private:
  struct Part {
    std::unique_ptr<std::byte[]> memory;
    std::size_t size;
  };
  std::vector<Part> parts_;
  std::size_t used_ = 0;  // of the last part
  std::uint64_t memory_bytes_ = 0;
};

}  // namespace simile::scalar
