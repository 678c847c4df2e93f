#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace simile::features {

enum class PictureFormat : std::uint8_t { kUnknown, kJpeg, kPng, kWebp, kGif, kBmp };

/// The format by the first bytes, whatever the file is called.
PictureFormat sniff_format(std::span<const std::byte> encoded);

/// "JPEG", "PNG", "WebP", "GIF", "BMP"; "unknown".
std::string_view name_of(PictureFormat format);

/// What bytes of no known format seem to be, for a message: "empty", "HTML or XML", "a TIFF", ...
std::string_view describe_unknown(std::span<const std::byte> encoded);

}  // namespace simile::features
