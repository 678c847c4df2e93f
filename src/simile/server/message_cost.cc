#include "simile/server/message_cost.h"

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <array>
#include <limits>

namespace simile::server {

namespace {

using google::protobuf::io::CodedInputStream;

/// Messages of the outermost level are the largest objects: a search, a column of rows.
constexpr std::uint64_t kOuterBytes = 512;
/// A text, or a message inside of another, with its place in a list.
constexpr std::uint64_t kInnerBytes = 96;
/// As a field of its own, or packed: then two of them are as long.
constexpr std::uint64_t kFieldBytes = 16;
constexpr std::uint64_t kNumberBytes = 8;
/// Deeper than any message of the protocol that somebody fills.
constexpr int kDepthMax = 16;
/// Shorter ones cost what kInnerBytes says, however they were packed.
constexpr int kPackedLeast = 256;

class Counter {
 public:
  Counter(const grpc::ByteBuffer& message, std::uint64_t most)
      : copy_(message), source_(&copy_), stream_(&source_), most_(most) {
    stream_.SetTotalBytesLimit(static_cast<int>(std::min<std::size_t>(
        message.Length(), static_cast<std::size_t>(std::numeric_limits<int>::max()))));
  }

  std::uint64_t count() {
    read_fields(0);
    return cost_;
  }

 private:
  /// Until the limit of the stream; false where these bytes are no message.
  bool read_fields(int depth) {
    for (;;) {
      const std::uint32_t tag = stream_.ReadTagNoLastTag();
      if (tag == 0) return stream_.BytesUntilLimit() == 0 || depth == 0;
      if (tag >> 3 == 0 || !read_value(tag & 7, depth)) return false;
      if (cost_ > most_) return true;
    }
  }

  bool read_value(std::uint32_t wire_type, int depth) {
    std::uint64_t number = 0;
    std::uint32_t length = 0;
    switch (wire_type) {
      case 0: cost_ += kFieldBytes; return stream_.ReadVarint64(&number);
      case 1: cost_ += kFieldBytes; return stream_.Skip(8);
      case 5: cost_ += kFieldBytes; return stream_.Skip(4);
      case 2: return stream_.ReadVarint32(&length) && read_bytes(length, depth);
      default: return false;  // groups, which the protocol does not have
    }
  }

  bool read_bytes(std::uint32_t length, int depth) {
    const int left = stream_.BytesUntilLimit();
    if (length > static_cast<std::uint32_t>(std::numeric_limits<int>::max())) return false;
    const int bytes = static_cast<int>(length);
    if (left >= 0 && bytes > left) return false;
    cost_ += depth == 0 ? kOuterBytes : kInnerBytes;
    const std::uint64_t before = cost_;
    std::uint64_t nested = 0;
    const auto limit = stream_.PushLimit(bytes);
    if (depth < kDepthMax && bytes > 1) {
      if (read_fields(depth + 1)) nested = cost_ - before;
    }
    cost_ = before;
    // Bytes that are no message may be numbers, those before it was seen, too.
    const int rest = stream_.BytesUntilLimit();
    std::uint64_t packed = rest > 0 ? count_packed(rest) : 0;
    if (nested == 0 && bytes >= kPackedLeast) {
      packed += static_cast<std::uint64_t>(bytes - rest) * kNumberBytes;
    }
    const bool whole = stream_.BytesUntilLimit() == 0;
    stream_.PopLimit(limit);
    cost_ += std::max({nested, packed, static_cast<std::uint64_t>(bytes)});
    return whole || cost_ > most_;
  }

  /// Eight bytes for each where most bytes end a number.
  std::uint64_t count_packed(int bytes) {
    std::uint64_t ends = 0;
    int left = bytes;
    while (left > 0) {
      const void* data = nullptr;
      int size = 0;
      if (!stream_.GetDirectBufferPointer(&data, &size)) break;
      size = std::min(size, left);
      const auto* first = static_cast<const std::uint8_t*>(data);
      if (bytes >= kPackedLeast) {
        ends += static_cast<std::uint64_t>(
            std::count_if(first, first + size, [](std::uint8_t byte) { return byte < 0x80; }));
      }
      stream_.Skip(size);
      left -= size;
    }
    const auto all = static_cast<std::uint64_t>(bytes);
    return ends > all / 16 * 15 ? ends * kNumberBytes : all;
  }

  grpc::ByteBuffer copy_;  // of the references to the bytes
  grpc::ProtoBufferReader source_;
  CodedInputStream stream_;
  const std::uint64_t most_;
  std::uint64_t cost_ = 0;
};

}  // namespace

std::uint64_t message_cost(const grpc::ByteBuffer& message, std::uint64_t most) {
  return Counter(message, most).count();
}

std::uint64_t json_cost(std::string_view text) {
  // As simdjson's tape and nlohmann's tree: a value, with its place in a list or map.
  constexpr std::uint64_t kValue = 40;
  constexpr std::uint64_t kText = 48;
  constexpr std::uint64_t kList = 96;
  std::array<std::uint64_t, 256> seen{};
  for (const char c : text) ++seen[static_cast<unsigned char>(c)];
  const auto times = [&](char c) { return seen[static_cast<unsigned char>(c)]; };
  return text.size() + times(',') * kValue + times('"') / 2 * kText +
         (times('[') + times('{')) * kList;
}

}  // namespace simile::server
