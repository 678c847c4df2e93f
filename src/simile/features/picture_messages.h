#pragma once
/// What an IsolatedCodec and its workers say to each other; see isolated_codec.h. Both ends are the
/// same program, so that the structures travel as they are.

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "simile/features/picture_codec.h"

namespace simile::features {

struct RequestHead {
  std::uint32_t encode = 0;  ///< 1: pixels to JPEG; 0: a picture to pixels
  std::uint32_t fit = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t shorter_side = 0;
  std::uint32_t reserved = 0;
  std::uint64_t pixels_max = 0;
  std::uint64_t bytes_max = 0;
  std::uint64_t bytes = 0;
};

struct AnswerHead {
  std::uint32_t error = 0;  ///< an ErrorCode, 0 for success
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t whole_width = 0;
  std::uint32_t whole_height = 0;
  std::uint32_t reserved = 0;
  std::uint64_t bytes = 0;
};

/// Largest picture and largest answer: a worker is never asked for more pixels than these.
inline constexpr std::uint64_t kMessageBytesMax = std::uint64_t{512} << 20;

}  // namespace simile::features
