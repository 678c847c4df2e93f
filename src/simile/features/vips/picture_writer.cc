#include "simile/features/vips/picture_writer.h"

#include "simile/base/check.h"
#include "simile/features/vips/image.h"

namespace simile::features {
namespace {

std::uint8_t sample_of(const std::array<std::uint8_t, 4>& pixel, std::uint32_t channel,
                       std::uint32_t channels) {
  if (channels == 2) return channel == 0 ? pixel[0] : pixel[3];
  return pixel[channel];
}

Image paint(Side size, const Painter& painter, std::uint32_t channels) {
  std::vector<std::uint8_t> samples;
  for (std::uint32_t y = 0; y < size.height; ++y) {
    for (std::uint32_t x = 0; x < size.width; ++x) {
      const std::array<std::uint8_t, 4> pixel = painter(x, y);
      for (std::uint32_t c = 0; c < channels; ++c) {
        samples.push_back(sample_of(pixel, c, channels));
      }
    }
  }
  Image image(vips_image_new_from_memory_copy(
      samples.data(), samples.size(), static_cast<int>(size.width), static_cast<int>(size.height),
      static_cast<int>(channels), VIPS_FORMAT_UCHAR));
  image->Type = channels < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
  return image;
}

Image to_wide(Image image) {
  const bool grey = image->Bands < 3;
  Result<Image> wide = run_vips(
      [&](VipsImage** out) { return vips_linear1(image.get(), out, 257.0, 0.0, nullptr); });
  SIMILE_CHECK(wide);
  wide = run_vips(
      [&](VipsImage** out) { return vips_cast(wide->get(), out, VIPS_FORMAT_USHORT, nullptr); });
  SIMILE_CHECK(wide);
  wide->get()->Type = grey ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16;
  return *std::move(wide);
}

}  // namespace

Bytes write_picture(Side size, const Painter& painter, const WriteOptions& options) {
  Image image = paint(size, painter, options.channels);
  if (options.wide) image = to_wide(std::move(image));
  if (options.cmyk) {
    Result<Image> cmyk = run_vips([&](VipsImage** out) {
      return vips_colourspace(image.get(), out, VIPS_INTERPRETATION_CMYK, nullptr);
    });
    SIMILE_CHECK(cmyk);
    image = *std::move(cmyk);
  }
  if (options.orientation != 1) {
    vips_image_set_int(image.get(), VIPS_META_ORIENTATION, static_cast<int>(options.orientation));
  }
  void* data = nullptr;
  std::size_t length = 0;
  const int failed =
      vips_image_write_to_buffer(image.get(), options.format.c_str(), &data, &length, nullptr);
  SIMILE_CHECK(failed == 0);
  const auto* first = static_cast<const std::byte*>(data);
  Bytes bytes(first, first + length);
  g_free(data);
  return bytes;
}

Bytes write_turned_jpeg(Side size, const Painter& painter, std::uint32_t orientation) {
  // By the table of the EXIF standard: where row 0 and column 0 of what is stored are shown.
  const bool rows_are_columns = orientation >= 5;
  const Side stored = rows_are_columns ? Side{size.height, size.width} : size;
  const std::uint32_t right = size.width - 1;
  const std::uint32_t bottom = size.height - 1;
  const Painter turned = [=](std::uint32_t x, std::uint32_t y) {
    switch (orientation) {
      case 2: return painter(right - x, y);           // top, right
      case 3: return painter(right - x, bottom - y);  // bottom, right
      case 4: return painter(x, bottom - y);          // bottom, left
      case 5: return painter(y, x);                   // left, top
      case 6: return painter(right - y, x);           // right, top
      case 7: return painter(right - y, bottom - x);  // right, bottom
      case 8: return painter(y, bottom - x);          // left, bottom
      default: return painter(x, y);
    }
  };
  return write_picture(stored, turned,
                       {.format = ".jpg[Q=95,subsample_mode=off]", .orientation = orientation});
}

Painter four_quarters(Side size) {
  return [=](std::uint32_t x, std::uint32_t y) -> std::array<std::uint8_t, 4> {
    const bool right = x >= size.width / 2;
    const bool below = y >= size.height / 2;
    if (!below)
      return right ? std::array<std::uint8_t, 4>{0, 255, 0, 255}
                   : std::array<std::uint8_t, 4>{255, 0, 0, 255};
    return right ? std::array<std::uint8_t, 4>{255, 255, 255, 255}
                 : std::array<std::uint8_t, 4>{0, 0, 255, 255};
  };
}

}  // namespace simile::features
