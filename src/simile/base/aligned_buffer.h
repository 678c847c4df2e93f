#pragma once
/// Zeroed memory for hot data: on 2 MiB pages where it is large, since a random cache line then
/// costs 159 ns instead of 213 ns (Zen 4).

#include <cstddef>
#include <span>
#include <utility>

namespace simile {

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  /// Aligned to 64 bytes; to 2 MiB from 2 MiB on, where what is never touched costs nothing.
  /// Throws std::bad_alloc.
  explicit AlignedBuffer(std::size_t bytes);
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~AlignedBuffer();

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  template <class T>
  T* as() {
    return reinterpret_cast<T*>(data_);
  }
  template <class T>
  const T* as() const {
    return reinterpret_cast<const T*>(data_);
  }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace simile
