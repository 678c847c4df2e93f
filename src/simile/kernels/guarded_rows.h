#pragma once
/// Rows of bytes for tests, laid out so that a kernel which reads or writes what is not its own is
/// found: the last row ends where a page without access begins, the first begins `misalignment`
/// bytes or more after one, and every byte between the rows is 0xFF, a NaN in all float formats.

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "simile/base/check.h"

namespace simile::kernels {

class GuardedRows {
 public:
  /// `padding` bytes lie between rows.
  GuardedRows(std::size_t rows, std::size_t row_bytes, std::size_t padding = 0)
      : rows_(rows), row_bytes_(row_bytes), stride_(row_bytes + padding) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t used = rows == 0 ? 0 : (rows - 1) * stride_ + row_bytes;
    inner_bytes_ = (used + page - 1) / page * page;
    mapped_bytes_ = inner_bytes_ + 2 * page;
    void* mapped = mmap(nullptr, mapped_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SIMILE_CHECK(mapped != MAP_FAILED);
    mapped_ = static_cast<std::byte*>(mapped);
    if (inner_bytes_ > 0) {
      SIMILE_CHECK(mprotect(mapped_ + page, inner_bytes_, PROT_READ | PROT_WRITE) == 0);
      std::memset(mapped_ + page, 0xFF, inner_bytes_);
    }
    first_ = mapped_ + page + inner_bytes_ - used;
  }
  GuardedRows(const GuardedRows&) = delete;
  GuardedRows& operator=(const GuardedRows&) = delete;
  ~GuardedRows() { munmap(mapped_, mapped_bytes_); }

  std::byte* row(std::size_t i) { return first_ + i * stride_; }
  const std::byte* row(std::size_t i) const { return first_ + i * stride_; }
  const std::byte* data() const { return first_; }
  std::size_t stride() const { return stride_; }
  std::size_t rows() const { return rows_; }
  std::size_t row_bytes() const { return row_bytes_; }

 private:
  std::size_t rows_;
  std::size_t row_bytes_;
  std::size_t stride_;
  std::size_t inner_bytes_ = 0;
  std::size_t mapped_bytes_ = 0;
  std::byte* mapped_ = nullptr;
  std::byte* first_ = nullptr;
};

}  // namespace simile::kernels
