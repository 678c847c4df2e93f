#pragma once
/// The picture codec on libvips. Only the module and its tests and fuzzer include this.

#include <cstddef>
#include <span>
#include <vector>

#include "simile/features/picture_codec.h"

namespace simile::features {

/// Formats are told apart by their first bytes and the loader is called by name, so that none of
/// the other loaders of libvips (ImageMagick, SVG, PDF, ...) ever sees a stranger's file.
class VipsCodec final : public PictureCodec {
 public:
  /// Starts libvips where this process has not yet done so.
  VipsCodec();

  Result<Pixels> decode(std::span<const std::byte> encoded, const PictureLimits& limits,
                        const Framing& framing) const override;
  Result<std::vector<std::byte>> encode_jpeg(const Pixels& pixels) const override;
};

}  // namespace simile::features
