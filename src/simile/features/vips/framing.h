#pragma once
/// The arithmetic of fitting a picture into the pixels asked for; pure functions.

#include <cstdint>

#include "simile/features/picture_codec.h"

namespace simile::features {

struct Side {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  friend bool operator==(const Side&, const Side&) = default;
};

struct FramingPlan {
  Side source;  ///< of the middle of the picture that is used at all, in source pixels
  Side scaled;  ///< what that part is scaled to
  Side result;  ///< cut out of the middle of `scaled`
};

/// For a picture of `size` (as shown). The part used is the whole picture, except where kCover
/// would scale a strip that is more than four times longer than wide: then the middle of it, since
/// 1 x 10,000 pixels would become 128 x 1,280,000 on the way to 128 x 128.
FramingPlan plan_framing(Side size, const Framing& framing);

/// The largest of 8, 4, 2, 1 by which a JPEG may be shrunk while it is decoded so that at least
/// twice as many pixels as needed are left in each direction for the proper filter.
std::uint32_t shrink_on_load(Side size, const FramingPlan& plan);

}  // namespace simile::features
