#pragma once
/// Windows and OS/2 bitmaps. libvips reads them only through ImageMagick, which is not for files
/// from strangers; the format is small enough to read here.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "simile/error.h"
#include "simile/features.h"

namespace simile::features {

struct BmpPicture {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t channels = 3;           ///< 3: RGB; 4: RGBA, for files that have alpha
  std::vector<std::uint8_t> samples{};  ///< row by row from the top
};

/// Reads 1, 4, 8, 16, 24 and 32 bits a pixel, with palettes, bit masks and both run-length codes.
/// kInvalidArgument where the bytes are damaged or cut short; kResourceExhausted above
/// limits.pixels_max, before anything is allocated.
Result<BmpPicture> decode_bmp(std::span<const std::byte> encoded, const PictureLimits& limits);

}  // namespace simile::features
