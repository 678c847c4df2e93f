/// A bitmap file is
///   1. a file header of 14 bytes: "BM", file size, two reserved u16, offset of the pixels;
///   2. an information header, told apart by its size in its first u32: 12 (OS/2 1.x, u16 sides) or
///      40 and more (i32 sides, a negative height means that row 0 is the top one);
///   3. masks of 4 bytes each, after a header of 40 bytes with compression 3 or 6;
///   4. a palette of 3 (OS/2) or 4 bytes an entry, for 8 bits a pixel and fewer;
///   5. the pixels: rows padded to 4 bytes, or a run-length code.
/// Source: Microsoft, "Bitmap Storage" and "Bitmap Compression".

#include "simile/features/bmp.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::features {
namespace {

enum Compression : std::uint32_t {
  kPlain = 0,
  kRunLength8 = 1,
  kRunLength4 = 2,
  kMasks = 3,
  kAlphaMasks = 6,
};

constexpr std::size_t kFileHeaderBytes = 14;

std::unexpected<Error> bad_bmp(const std::string& what) {
  return fail(ErrorCode::kInvalidArgument, "BMP: " + what);
}

struct Header {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool top_down = false;
  std::uint32_t bits = 0;
  std::uint32_t compression = kPlain;
  std::uint32_t palette_entry_bytes = 4;
  std::uint32_t palette_entries = 0;
  std::array<std::uint32_t, 4> masks{};  ///< red, green, blue, alpha
  std::size_t palette_at = 0;
  std::size_t pixels_at = 0;
};

struct Palette {
  /// Unused entries are black, so that an index past the palette is one too.
  std::array<std::array<std::uint8_t, 3>, 256> entries{};
};

Status check_header(const Header& header, const PictureLimits& limits) {
  if (header.width == 0 || header.height == 0) return bad_bmp("a side is 0 pixels");
  if (std::uint64_t{header.width} * header.height > limits.pixels_max) {
    return fail(ErrorCode::kResourceExhausted,
                join_text(header.width, " x ", header.height, " pixels are more than the limit of ",
                          limits.pixels_max));
  }
  const std::uint32_t bits = header.bits;
  const bool known_bits =
      bits == 1 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32;
  if (!known_bits) return bad_bmp(join_text(bits, " bits a pixel are not known"));
  const std::uint32_t compression = header.compression;
  const bool fits =
      compression == kPlain || (compression == kRunLength8 && bits == 8) ||
      (compression == kRunLength4 && bits == 4) ||
      ((compression == kMasks || compression == kAlphaMasks) && (bits == 16 || bits == 32));
  if (!fits) return bad_bmp(join_text("compression ", compression, " at ", bits, " bits"));
  if (compression != kPlain && compression <= kRunLength4 && header.top_down) {
    return bad_bmp("run-length code with the top row first");
  }
  return {};
}

/// Masks of a plain file, and a check of given ones: each one run of bits.
Status settle_masks(Header& header) {
  if (header.compression == kPlain) {
    if (header.bits == 16) header.masks = {0x7C00, 0x03E0, 0x001F, 0};
    if (header.bits == 32) header.masks = {0xFF'0000, 0xFF00, 0xFF, 0};
    return {};
  }
  for (const std::uint32_t mask : header.masks) {
    const std::uint32_t run = mask == 0 ? 0 : mask >> std::countr_zero(mask);
    if ((run & (run + 1)) != 0) return bad_bmp("a colour mask has gaps");
  }
  return {};
}

Result<Header> read_header(std::span<const std::byte> encoded, const PictureLimits& limits) {
  ByteReader reader(encoded);
  reader.get_bytes(10);
  Header header;
  header.pixels_at = reader.get<std::uint32_t>();
  const auto size = reader.get<std::uint32_t>();
  if (!reader.ok()) return bad_bmp("cut short in its header");
  if (size == 12) {
    header.width = reader.get<std::uint16_t>();
    header.height = reader.get<std::uint16_t>();
    reader.get<std::uint16_t>();  // planes
    header.bits = reader.get<std::uint16_t>();
    header.palette_entry_bytes = 3;
  } else if (size >= 40 && size <= 256) {
    const auto width = reader.get<std::int32_t>();
    const auto height = reader.get<std::int32_t>();
    reader.get<std::uint16_t>();  // planes
    header.bits = reader.get<std::uint16_t>();
    header.compression = reader.get<std::uint32_t>();
    reader.get_bytes(12);  // size of the pixels, pixels a metre in x and y
    header.palette_entries = reader.get<std::uint32_t>();
    reader.get<std::uint32_t>();  // important colours
    if (width < 0 || height == INT32_MIN) return bad_bmp("a side is out of range");
    header.width = static_cast<std::uint32_t>(width);
    header.top_down = height < 0;
    header.height = static_cast<std::uint32_t>(height < 0 ? -height : height);
  } else {
    return bad_bmp(join_text("information header of ", size, " bytes is not known"));
  }
  if (header.compression == kMasks || header.compression == kAlphaMasks) {
    const std::size_t count = header.compression == kAlphaMasks || size >= 56 ? 4 : 3;
    for (std::size_t i = 0; i < count; ++i) header.masks[i] = reader.get<std::uint32_t>();
  }
  if (!reader.ok()) return bad_bmp("cut short in its header");
  SIMILE_TRY(check_header(header, limits));
  SIMILE_TRY(settle_masks(header));
  const bool masks_follow = size == 40 && header.compression >= kMasks;
  header.palette_at =
      kFileHeaderBytes + size + (masks_follow ? (header.compression == kAlphaMasks ? 16 : 12) : 0);
  if (header.pixels_at < header.palette_at || header.pixels_at > encoded.size()) {
    return bad_bmp("its pixels start outside the file");
  }
  return header;
}

Palette read_palette(std::span<const std::byte> encoded, const Header& header) {
  Palette palette;
  const std::size_t room = (header.pixels_at - header.palette_at) / header.palette_entry_bytes;
  std::size_t count =
      header.palette_entries == 0 ? std::size_t{1} << header.bits : header.palette_entries;
  count = std::min({count, room, palette.entries.size()});
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* entry = encoded.data() + header.palette_at + i * header.palette_entry_bytes;
    for (std::size_t c = 0; c < 3; ++c) {
      palette.entries[i][c] = std::to_integer<std::uint8_t>(entry[2 - c]);
    }
  }
  return palette;
}

/// One channel of a masked pixel, widened to 8 bits so that the largest value becomes 255.
std::uint8_t channel_of(std::uint32_t pixel, std::uint32_t mask) {
  if (mask == 0) return 0;
  const auto shift = std::countr_zero(mask);
  const std::uint64_t largest = mask >> shift;
  const std::uint64_t value = (pixel & mask) >> shift;
  return static_cast<std::uint8_t>((value * 255 + largest / 2) / largest);
}

/// Writes one row of palette indexes or colours as samples.
void decode_row(const Header& header, const Palette& palette, std::span<const std::byte> row,
                std::uint32_t channels, std::uint8_t* out) {
  const auto byte_at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(row[i]); };
  for (std::uint32_t x = 0; x < header.width; ++x, out += channels) {
    if (header.bits <= 8) {
      const std::uint64_t bit = std::uint64_t{x} * header.bits;
      const std::uint32_t index = byte_at(bit / 8) >> (8 - header.bits - bit % 8);
      const auto& entry = palette.entries[index & ((1u << header.bits) - 1)];
      for (std::size_t c = 0; c < 3; ++c) out[c] = entry[c];
    } else if (header.bits == 24) {
      for (std::size_t c = 0; c < 3; ++c) {
        out[c] = static_cast<std::uint8_t>(byte_at(std::size_t{x} * 3 + 2 - c));
      }
    } else {
      std::uint32_t pixel = 0;
      for (std::uint32_t b = 0; b < header.bits / 8; ++b) {
        pixel |= byte_at(std::size_t{x} * (header.bits / 8) + b) << (8 * b);
      }
      for (std::size_t c = 0; c < channels; ++c) out[c] = channel_of(pixel, header.masks[c]);
    }
  }
}

Status decode_rows(std::span<const std::byte> pixels, const Header& header, const Palette& palette,
                   BmpPicture& picture) {
  const std::uint64_t row_bytes = (std::uint64_t{header.width} * header.bits + 31) / 32 * 4;
  if (pixels.size() / row_bytes < header.height) return bad_bmp("cut short in its pixels");
  picture.samples.resize(std::size_t{picture.width} * picture.height * picture.channels);
  const std::size_t stride = std::size_t{picture.width} * picture.channels;
  for (std::uint32_t y = 0; y < header.height; ++y) {
    const std::uint32_t to = header.top_down ? y : header.height - 1 - y;
    decode_row(header, palette, pixels.subspan(y * row_bytes, row_bytes), picture.channels,
               picture.samples.data() + to * stride);
  }
  return {};
}

/// Where a run-length code writes: from the bottom row up, clipped to the picture.
class RunCanvas {
 public:
  RunCanvas(const Palette& palette, BmpPicture& picture) : palette_(palette), picture_(picture) {}

  void put(std::uint8_t index) {
    if (x_ < picture_.width && y_ < picture_.height) {
      const std::size_t row = picture_.height - 1 - y_;
      std::uint8_t* out = picture_.samples.data() + (row * picture_.width + x_) * 3;
      for (std::size_t c = 0; c < 3; ++c) out[c] = palette_.entries[index][c];
    }
    ++x_;
  }
  void end_row() {
    x_ = 0;
    ++y_;
  }
  void skip(std::uint32_t dx, std::uint32_t dy) {
    x_ += dx;
    y_ += dy;
  }
  bool full() const { return y_ >= picture_.height; }

 private:
  const Palette& palette_;
  BmpPicture& picture_;
  std::uint64_t x_ = 0;
  std::uint64_t y_ = 0;
};

/// Pairs (count, value): count > 0 repeats the value; 0 escapes: 0 end of row, 1 end of picture,
/// 2 skip by the two bytes that follow, n >= 3 literal pixels padded to two bytes.
Status decode_runs(std::span<const std::byte> pixels, const Header& header, const Palette& palette,
                   BmpPicture& picture) {
  // Two bytes paint at most 255 pixels and a skip paints none, so a file that is far too small for
  // its sides is refused here and not blown up into a large black picture.
  const std::uint64_t count_of_pixels = std::uint64_t{header.width} * header.height;
  if (count_of_pixels / 255 > std::uint64_t{pixels.size()} * 64) {
    return bad_bmp("cut short in its pixels");
  }
  picture.samples.resize(count_of_pixels * 3);
  RunCanvas canvas(palette, picture);
  const bool nibbles = header.compression == kRunLength4;
  const auto index_of = [&](std::uint8_t byte, std::uint32_t i) {
    if (!nibbles) return byte;
    return static_cast<std::uint8_t>(i % 2 == 0 ? byte >> 4 : byte & 15);
  };
  ByteReader reader(pixels);
  while (!canvas.full()) {
    const auto count = reader.get<std::uint8_t>();
    const auto value = reader.get<std::uint8_t>();
    if (!reader.ok()) return bad_bmp("cut short in its pixels");
    if (count > 0) {
      for (std::uint32_t i = 0; i < count; ++i) canvas.put(index_of(value, i));
    } else if (value == 0) {
      canvas.end_row();
    } else if (value == 1) {
      break;
    } else if (value == 2) {
      const auto dx = reader.get<std::uint8_t>();
      canvas.skip(dx, reader.get<std::uint8_t>());
    } else {
      const std::size_t bytes = nibbles ? (value + 1u) / 2 : value;
      const std::span<const std::byte> literal = reader.get_bytes(bytes + bytes % 2);
      if (!reader.ok()) return bad_bmp("cut short in its pixels");
      for (std::uint32_t i = 0; i < value; ++i) {
        const std::byte byte = literal[nibbles ? i / 2 : i];
        canvas.put(index_of(std::to_integer<std::uint8_t>(byte), i));
      }
    }
  }
  return {};
}

}  // namespace

Result<BmpPicture> decode_bmp(std::span<const std::byte> encoded, const PictureLimits& limits) {
  SIMILE_ASSIGN(const Header header, read_header(encoded, limits));
  const Palette palette = header.bits <= 8 ? read_palette(encoded, header) : Palette{};
  BmpPicture picture{.width = header.width, .height = header.height};
  picture.channels = header.masks[3] != 0 ? 4 : 3;
  const std::span<const std::byte> pixels = encoded.subspan(header.pixels_at);
  const bool runs = header.compression == kRunLength8 || header.compression == kRunLength4;
  SIMILE_TRY(runs ? decode_runs(pixels, header, palette, picture)
                  : decode_rows(pixels, header, palette, picture));
  return picture;
}

}  // namespace simile::features
