#pragma once
/// Zero-filled memory that grows in place: a mapping that is moved by page table, never copied, and
/// whose untouched part costs nothing. On 2 MiB pages where it is large.
///
/// Or memory that lives in a file without a name, which goes when the buffer does: the machine
/// keeps as much of it in memory as it has to spare, and counts that as cache. It is no storage:
/// nothing of it is ever read by another process.

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace simile {

class GrowableBuffer {
 public:
  GrowableBuffer() = default;
  /// In a file in this folder, which is made when there is something to hold. "" is memory.
  explicit GrowableBuffer(std::string folder) : folder_(std::move(folder)) {}
  GrowableBuffer(GrowableBuffer&& other) noexcept
      : folder_(std::move(other.folder_)),
        file_(std::exchange(other.file_, -1)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  GrowableBuffer& operator=(GrowableBuffer&& other) noexcept {
    std::swap(folder_, other.folder_);
    std::swap(file_, other.file_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~GrowableBuffer();

  /// New bytes are 0. Growing may move the data; shrinking gives whole pages back. Throws
  /// std::bad_alloc, also where the disk is full.
  void resize(std::size_t bytes);

  /// Whether a file can be made there.
  static bool can_be_in(const std::string& folder);
  const std::string& folder() const { return folder_; }
  /// What is in a file leaves the memory of the process until it is touched again.
  void release_pages() const;

  std::size_t size() const { return size_; }
  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
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
  void* map_more(std::size_t capacity);

  std::string folder_;
  int file_ = -1;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace simile
