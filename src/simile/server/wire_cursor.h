#pragma once
/// A cursor over the fields of one serialised message, for messages that are read in place: the
/// generated parser would copy every vector.

#include <google/protobuf/io/coded_stream.h>

#include <cstdint>
#include <string_view>

namespace simile::server {

class WireCursor {
 public:
  /// Borrows `bytes`, which are less than 2 GiB.
  explicit WireCursor(std::string_view bytes)
      : bytes_(bytes),
        in_(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size())) {}

  /// Moves to the next field; false at the end or where the bytes are no message.
  bool next() {
    begin_ = static_cast<std::size_t>(in_.CurrentPosition());
    const std::uint32_t tag = in_.ReadTag();
    if (tag == 0) return false;
    number_ = tag >> 3U;
    constexpr std::uint32_t kWireTypeMask = 7;
    switch (tag & kWireTypeMask) {
      case 0: return in_.ReadVarint64(&value_);
      case 1: return in_.Skip(8);
      case 2: return read_bytes();
      case 5: return in_.Skip(4);
      default: return false;
    }
  }
  bool at_end() const { return in_.CurrentPosition() == static_cast<int>(bytes_.size()); }
  std::uint32_t number() const { return number_; }
  std::uint64_t value() const { return value_; }
  std::string_view bytes() const { return field_; }
  /// The field as it is written, tag and length included.
  std::string_view whole() const {
    return bytes_.substr(begin_, static_cast<std::size_t>(in_.CurrentPosition()) - begin_);
  }

 private:
  bool read_bytes() {
    std::uint32_t length = 0;
    if (!in_.ReadVarint32(&length)) return false;
    const auto at = static_cast<std::size_t>(in_.CurrentPosition());
    if (length > bytes_.size() - at) return false;
    field_ = bytes_.substr(at, length);
    return in_.Skip(static_cast<int>(length));
  }

  std::string_view bytes_;
  google::protobuf::io::CodedInputStream in_;
  std::size_t begin_ = 0;
  std::uint32_t number_ = 0;
  std::uint64_t value_ = 0;
  std::string_view field_;
};

}  // namespace simile::server
