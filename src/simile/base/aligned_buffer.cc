#include "simile/base/aligned_buffer.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace simile {

namespace {
constexpr std::size_t kLine = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kAddressable = std::size_t{1} << 47;  // all a process has on x86-64, ARM64

std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

/// Whole huge pages at a multiple of their size. They come zeroed when they are first touched, so
/// that room which is not used yet takes none of the machine's memory.
std::byte* map_zeros(std::size_t bytes) {
  const std::size_t mapped_bytes = bytes + kHugePage;
  void* const mapped =
      ::mmap(nullptr, mapped_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* const begin = static_cast<std::byte*>(mapped);
  const auto address = reinterpret_cast<std::uintptr_t>(mapped);
  const std::size_t before = round_up(address, kHugePage) - address;
  if (before != 0) ::munmap(begin, before);
  ::munmap(begin + before + bytes, kHugePage - before);
  ::madvise(begin + before, bytes, MADV_HUGEPAGE);
  return begin + before;
}

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  if (bytes > kAddressable) throw std::bad_alloc();
  if (bytes >= kHugePage) {
    data_ = map_zeros(round_up(bytes, kHugePage));
    return;
  }
  const std::size_t rounded = round_up(bytes, kLine);
  data_ = static_cast<std::byte*>(std::aligned_alloc(kLine, rounded));
  if (data_ == nullptr) throw std::bad_alloc();
  std::memset(data_, 0, rounded);
}

AlignedBuffer::~AlignedBuffer() {
  if (size_ >= kHugePage) {
    ::munmap(data_, round_up(size_, kHugePage));
  } else {
    std::free(data_);
  }
}

}  // namespace simile
