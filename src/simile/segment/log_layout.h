#pragma once
/// What writer and reader of logs must agree on; docs/formats/wal.md.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "simile/base/checksum.h"
#include "simile/segment/log_writer.h"

namespace simile::segment {

inline constexpr std::array<char, 8> kLogMagic = {'S', 'I', 'M', 'I', 'L', 'E', 'W', 'L'};
inline constexpr std::uint32_t kLogFormat = 1;
inline constexpr std::uint32_t kFrameMagic = 0x4D52'4653;  // "SFRM"
inline constexpr std::size_t kFrameAlignment = 8;

struct LogHeaderBytes {
  std::array<char, 8> magic = kLogMagic;
  std::uint32_t format = kLogFormat;
  std::uint32_t zero = 0;
  std::uint64_t number = 0;
  std::uint64_t database_id = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t reserved[2] = {0, 0};
  std::uint64_t checksum = 0;  ///< of what is before it
};
static_assert(sizeof(LogHeaderBytes) == 64);

struct FrameHeaderBytes {
  std::uint32_t magic = kFrameMagic;
  std::uint32_t batches = 0;  ///< 0: the log was closed here
  std::uint64_t payload_bytes = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t payload_checksum = 0;
  std::uint64_t checksum = 0;  ///< of what is before it, the log's number and the database's id
};
static_assert(sizeof(FrameHeaderBytes) == 40);

inline std::uint64_t checksum_of(const LogHeaderBytes& header) {
  return checksum64(std::as_bytes(std::span(&header, 1)).first(offsetof(LogHeaderBytes, checksum)));
}

inline std::uint64_t checksum_of(const FrameHeaderBytes& header, const LogHeader& log) {
  constexpr std::size_t kCovered = offsetof(FrameHeaderBytes, checksum);
  std::array<std::byte, kCovered + 16> bytes;
  std::memcpy(bytes.data(), &header, kCovered);
  std::memcpy(bytes.data() + kCovered, &log.number, 8);
  std::memcpy(bytes.data() + kCovered + 8, &log.database_id, 8);
  return checksum64(bytes);
}

constexpr std::uint64_t padded(std::uint64_t bytes) {
  return (bytes + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment;
}

}  // namespace simile::segment
