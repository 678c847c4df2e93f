#include "simile/features/vips/framing.h"

#include <algorithm>
#include <cmath>

namespace simile::features {
namespace {

/// Rounded to the nearest, at least 1.
std::uint32_t scale_side(std::uint32_t side, double scale) {
  return static_cast<std::uint32_t>(std::max(1.0, std::floor(side * scale + 0.5)));
}

FramingPlan plan_cover(Side size, const Framing& framing) {
  const std::uint32_t shorter = std::min(size.width, size.height);
  const std::uint64_t longest = std::uint64_t{shorter} * 4;
  FramingPlan plan;
  plan.source = {static_cast<std::uint32_t>(std::min<std::uint64_t>(size.width, longest)),
                 static_cast<std::uint32_t>(std::min<std::uint64_t>(size.height, longest))};
  const double scale = static_cast<double>(framing.shorter_side) / shorter;
  plan.result = {framing.width, framing.height};
  plan.scaled = {std::max(framing.width, scale_side(plan.source.width, scale)),
                 std::max(framing.height, scale_side(plan.source.height, scale))};
  return plan;
}

}  // namespace

FramingPlan plan_framing(Side size, const Framing& framing) {
  switch (framing.fit) {
    case Framing::Fit::kCover: return plan_cover(size, framing);
    case Framing::Fit::kStretch: {
      const Side whole{framing.width, framing.height};
      return {size, whole, whole};
    }
    case Framing::Fit::kInside: break;
  }
  const double scale = std::min({1.0, static_cast<double>(framing.width) / size.width,
                                 static_cast<double>(framing.height) / size.height});
  const Side scaled{scale_side(size.width, scale), scale_side(size.height, scale)};
  return {size, scaled, scaled};
}

std::uint32_t shrink_on_load(Side size, const FramingPlan& plan) {
  const double factor = std::min(static_cast<double>(plan.source.width) / plan.scaled.width,
                                 static_cast<double>(plan.source.height) / plan.scaled.height);
  for (const std::uint32_t shrink : {8u, 4u, 2u}) {
    const bool pixels_left = size.width >= shrink && size.height >= shrink;
    if (pixels_left && factor >= 2.0 * shrink) return shrink;
  }
  return 1;
}

}  // namespace simile::features
