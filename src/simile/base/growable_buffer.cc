#include "simile/base/growable_buffer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

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

// Without a name from the beginning where the file system can do that.
int open_unnamed(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0) return file;
  std::string name = folder + "/simile-" + std::string(6, 'X');
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

bool GrowableBuffer::can_be_in(const std::string& folder) {
  const int file = open_unnamed(folder);
  if (file >= 0) ::close(file);
  return file >= 0;
}

GrowableBuffer::~GrowableBuffer() {
  if (data_ != nullptr) ::munmap(data_, capacity_);
  if (file_ >= 0) ::close(file_);
}

// Room in the file is taken here: a page without it would kill the process when it is written.
void* GrowableBuffer::map_more(std::size_t capacity) {
  if (!folder_.empty()) {
    if (file_ < 0) file_ = open_unnamed(folder_);
    if (file_ < 0 || ::posix_fallocate(file_, 0, static_cast<off_t>(capacity)) != 0) {
      return MAP_FAILED;
    }
  }
  if (data_ != nullptr) return ::mremap(data_, capacity_, capacity, MREMAP_MAYMOVE);
  const int kind = file_ < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  return ::mmap(nullptr, capacity, PROT_READ | PROT_WRITE, kind, file_, 0);
}

void GrowableBuffer::resize(std::size_t bytes) {
  if (bytes > capacity_) {
    const std::size_t wanted = std::max(bytes, file_ < 0 ? capacity_ * 2 : capacity_ / 8 * 9);
    const std::size_t capacity = round_up(wanted, wanted >= kHugePage ? kHugePage : kPage);
    void* moved = map_more(capacity);
    if (moved == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<std::byte*>(moved);
    capacity_ = capacity;
    if (capacity >= kHugePage && file_ < 0) ::madvise(data_, capacity_, MADV_HUGEPAGE);
  } else if (bytes < size_) {
    // Bytes past the end must read as 0 when it grows again.
    const std::size_t whole = std::min(round_up(bytes, kPage), size_);
    std::memset(data_ + bytes, 0, whole - bytes);
    if (whole < size_ && file_ >= 0) {
      std::memset(data_ + whole, 0, size_ - whole);
    } else if (whole < size_) {
      ::madvise(data_ + whole, round_up(size_, kPage) - whole, MADV_DONTNEED);
    }
  }
  size_ = bytes;
}

void GrowableBuffer::release_pages() const {
  if (file_ >= 0) ::madvise(data_, capacity_, MADV_DONTNEED);
}

}  // namespace simile
