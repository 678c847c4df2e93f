#pragma once
/// Pictures made for tests.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "simile/features/vips/framing.h"

namespace simile::features {

using Bytes = std::vector<std::byte>;
/// Red, green, blue, alpha of a pixel.
using Painter = std::function<std::array<std::uint8_t, 4>(std::uint32_t x, std::uint32_t y)>;

struct WriteOptions {
  std::string format = ".png";    ///< a suffix of libvips with options: ".jpg[Q=95,interlace=1]"
  std::uint32_t channels = 3;     ///< 1 grey (the red of the painter), 2 grey + alpha, 3, 4
  bool wide = false;              ///< 16 bits a sample
  bool cmyk = false;              ///< JPEG
  std::uint32_t orientation = 1;  ///< of EXIF, only noted
};

Bytes write_picture(Side size, const Painter& painter, const WriteOptions& options = {});

/// The shown picture `painter` of `size`, stored so that orientation 1..8 of EXIF shows it.
Bytes write_turned_jpeg(Side size, const Painter& painter, std::uint32_t orientation);

/// Quarters: red, green above, blue, white below.
Painter four_quarters(Side size);

}  // namespace simile::features
