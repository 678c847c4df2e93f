/// Any bytes: decoded to pixels of the right count or refused, and never more.

#include <cstddef>
#include <cstdint>
#include <span>

#include "simile/base/check.h"
#include "simile/features/vips/vips_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace simile::features;
  static const VipsCodec codec;
  // Small limits: the fuzzer shall look for bad memory, not for large pictures.
  const simile::PictureLimits limits{.bytes_max = 1 << 20, .pixels_max = 1 << 20};
  const std::span<const std::byte> encoded(reinterpret_cast<const std::byte*>(data), size);
  const auto side = static_cast<std::uint32_t>(size % 97 + 8);
  for (const Framing& framing :
       {Framing{.fit = Framing::Fit::kCover, .width = side, .height = 8, .shorter_side = side},
        Framing{.fit = Framing::Fit::kInside, .width = side, .height = side, .shorter_side = 0}}) {
    const auto pixels = codec.decode(encoded, limits, framing);
    if (!pixels) continue;
    SIMILE_CHECK(pixels->rgb.size() == std::size_t{3} * pixels->width * pixels->height);
    SIMILE_CHECK(pixels->width <= side && pixels->height <= side);
  }
  return 0;
}
