#pragma once
/// Little-endian encoding. Readers check every length, since their bytes come from disk.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "simile/base/check.h"

namespace simile {

static_assert(std::endian::native == std::endian::little, "file formats are little-endian");

class ByteWriter {
 public:
  template <class T>
    requires std::is_trivially_copyable_v<T>
  void put(T value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof(T));
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
  }
  void put_bytes(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  /// u32 length, then the bytes.
  void put_string(std::string_view text) {
    SIMILE_CHECK(text.size() <= 0xFFFF'FFFFu);
    put(static_cast<std::uint32_t>(text.size()));
    put_bytes(std::as_bytes(std::span(text)));
  }

  /// Overwrites what put(T) wrote at position `at`: lengths that are known only afterwards.
  template <class T>
    requires std::is_trivially_copyable_v<T>
  void set(std::size_t at, T value) {
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
  }
  /// Keeps the memory.
  void clear() { bytes_.clear(); }

  std::size_t size() const { return bytes_.size(); }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

/// After the first read past the end, every read gives zeros and ok() is false.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t remaining() const { return bytes_.size(); }

  template <class T>
    requires std::is_trivially_copyable_v<T>
  T get() {
    T value{};
    const std::span<const std::byte> part = get_bytes(sizeof(T));
    if (ok_) std::memcpy(&value, part.data(), sizeof(T));
    return value;
  }
  std::span<const std::byte> get_bytes(std::size_t count) {
    if (count > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const std::span<const std::byte> part = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return part;
  }
  std::string_view get_string() {
    const auto size = get<std::uint32_t>();
    const std::span<const std::byte> part = get_bytes(size);
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }

 private:
  std::span<const std::byte> bytes_;
  bool ok_ = true;
};

}  // namespace simile
