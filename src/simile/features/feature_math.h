#pragma once

#include <cstdint>
#include <span>

#include "simile/features.h"

namespace simile::features {

/// 8-bit RGB pixels of the card's size, row by row, as the three planes of floats that the model
/// takes: (byte / 255 - mean) / std.
void to_planes(std::span<const std::uint8_t> rgb, const ModelCard& card, std::span<float> planes);

/// Whether a vector tells anything: it is finite, and not all zeros.
bool has_length(std::span<const float> vector);

/// Divides a vector by its Euclidean length. One that has none (all zeros, NaN or infinite) stays
/// as it is.
void normalize(std::span<float> vector);

}  // namespace simile::features
