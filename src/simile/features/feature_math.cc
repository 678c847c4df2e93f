#include "simile/features/feature_math.h"

#include <array>
#include <cmath>

#include "simile/base/check.h"

namespace simile::features {

void to_planes(std::span<const std::uint8_t> rgb, const ModelCard& card, std::span<float> planes) {
  const std::size_t pixels = std::size_t{card.width} * card.height;
  SIMILE_CHECK(rgb.size() == 3 * pixels && planes.size() == 3 * pixels);
  for (std::size_t c = 0; c < 3; ++c) {
    // A table: a byte has 256 values, a picture has 50,000 bytes.
    std::array<float, 256> value;
    for (std::size_t byte = 0; byte < value.size(); ++byte) {
      value[byte] = (static_cast<float>(byte) / 255.0f - card.mean[c]) / card.std[c];
    }
    float* plane = planes.data() + c * pixels;
    for (std::size_t i = 0; i < pixels; ++i) plane[i] = value[rgb[3 * i + c]];
  }
}

namespace {

double length_of(std::span<const float> vector) {
  double squares = 0;
  for (const float value : vector) squares += static_cast<double>(value) * value;
  return std::sqrt(squares);
}

}  // namespace

bool has_length(std::span<const float> vector) {
  const double length = length_of(vector);
  return length > 0 && std::isfinite(length);
}

void normalize(std::span<float> vector) {
  const double length = length_of(vector);
  if (!(length > 0) || !std::isfinite(length)) return;
  for (float& value : vector) value = static_cast<float>(value / length);
}

}  // namespace simile::features
