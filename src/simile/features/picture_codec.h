#pragma once
/// Encoded pictures to pixels. The implementation is the module in vips/.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "simile/error.h"
#include "simile/features.h"

namespace simile::features {

/// How a picture is laid into the pixels that are asked for.
struct Framing {
  enum class Fit : std::uint8_t {
    kCover,    ///< scaled until the shorter side is `shorter_side`, then width x height cut out of
               ///< the middle; shorter_side >= width, height
    kStretch,  ///< scaled to width x height, whatever the shape
    kInside,   ///< scaled down, never up, to fit into width x height; the result may be smaller
  };
  Fit fit = Fit::kCover;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t shorter_side = 0;  ///< kCover
};

/// 8-bit sRGB, red green blue, row by row from the top.
struct Pixels {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint8_t> rgb{};
  PictureSize original{};  ///< of the whole picture, as shown
};

/// Thread rule: any call from any thread.
class PictureCodec {
 public:
  virtual ~PictureCodec() = default;

  /// JPEG, PNG, WebP, BMP or the first frame of a GIF, told apart by their first bytes; turned as
  /// EXIF says, alpha over white, any colour space to sRGB. kInvalidArgument where the bytes are no
  /// such picture, are damaged or cut short; kResourceExhausted above the limits, which are
  /// compared with the header before anything is decoded.
  virtual Result<Pixels> decode(std::span<const std::byte> encoded, const PictureLimits& limits,
                                const Framing& framing) const = 0;

  virtual Result<std::vector<std::byte>> encode_jpeg(const Pixels& pixels) const = 0;
};

/// The codec of this installation, loaded at the first call. kUnimplemented, saying what to
/// install, where there is none.
Result<const PictureCodec*> picture_codec();

/// From now on picture_codec() gives this one, which lives for ever. Before there are other
/// threads.
void use_picture_codec(const PictureCodec& codec);

}  // namespace simile::features
