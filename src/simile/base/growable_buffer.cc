#include "simile/base/growable_buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace simile {

namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

GrowableBuffer::~GrowableBuffer() {
  if (data_ != nullptr) ::munmap(data_, capacity_);
}

void GrowableBuffer::resize(std::size_t bytes) {
  if (bytes > capacity_) {
    const std::size_t wanted = std::max(bytes, capacity_ * 2);
    const std::size_t capacity = round_up(wanted, wanted >= kHugePage ? kHugePage : kPage);
    void* moved = data_ == nullptr ? ::mmap(nullptr, capacity, PROT_READ | PROT_WRITE,
                                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                   : ::mremap(data_, capacity_, capacity, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<std::byte*>(moved);
    capacity_ = capacity;
    if (capacity >= kHugePage) ::madvise(data_, capacity_, MADV_HUGEPAGE);
  } else if (bytes < size_) {
    // Bytes past the end must read as 0 when it grows again.
    const std::size_t whole = std::min(round_up(bytes, kPage), size_);
    std::memset(data_ + bytes, 0, whole - bytes);
    if (whole < size_) ::madvise(data_ + whole, round_up(size_, kPage) - whole, MADV_DONTNEED);
  }
  size_ = bytes;
}

}  // namespace simile
