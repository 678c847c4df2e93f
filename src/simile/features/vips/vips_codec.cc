/// One picture, from bytes to pixels:
///   1. the format by its first bytes, the limits by its header;
///   2. load, JPEG and WebP already smaller where much is to be scaled away, alpha over white;
///   3. scale the part that is used, in the colours and the orientation it is stored in, so that
///      the rest works on few pixels;
///   4. colours to 8-bit sRGB, orientation as EXIF says, cut out the middle.

#include "simile/features/vips/vips_codec.h"

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/features/bmp.h"
#include "simile/features/picture_format.h"
#include "simile/features/vips/framing.h"
#include "simile/features/vips/image.h"

namespace simile::features {
namespace {

struct Source {
  std::span<const std::byte> encoded;
  PictureFormat format = PictureFormat::kUnknown;
};

struct LoadedPicture {
  Image image;
  std::vector<std::uint8_t> samples;  ///< what `image` shows, for a BMP
};

std::unexpected<Error> bad_picture(PictureFormat format, const std::string& what) {
  return fail(ErrorCode::kInvalidArgument, join_text(name_of(format), ": ", what));
}

/// The image as it is stored, shrunk by `shrink` where the format can do that while decoding.
/// Pixels are decoded later, when they are asked for.
Result<Image> open_image(const Source& source, std::uint32_t shrink) {
  void* data = const_cast<std::byte*>(source.encoded.data());  // NOLINT: libvips only reads it
  const std::size_t size = source.encoded.size();
  const auto options = [](auto&& load) {
    return load("access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_TRUNCATED);
  };
  Result<Image> image = run_vips([&](VipsImage** out) {
    return options([&](auto... common) {
      switch (source.format) {
        case PictureFormat::kJpeg:
          return vips_jpegload_buffer(data, size, out, common..., "shrink",
                                      static_cast<int>(shrink), nullptr);
        case PictureFormat::kPng: return vips_pngload_buffer(data, size, out, common..., nullptr);
        case PictureFormat::kWebp:
          return vips_webpload_buffer(data, size, out, common..., "scale", 1.0 / shrink, nullptr);
        case PictureFormat::kGif: return vips_gifload_buffer(data, size, out, common..., nullptr);
        default: return -1;
      }
    });
  });
  if (!image) return bad_picture(source.format, image.error().message);
  // This picture runs on the caller's thread and one more; other pictures keep other cores busy.
  vips_image_set_int(image->get(), VIPS_META_CONCURRENCY, 1);
  return image;
}

Result<LoadedPicture> open_bmp(const Source& source, const PictureLimits& limits) {
  SIMILE_ASSIGN(BmpPicture bmp, decode_bmp(source.encoded, limits));
  LoadedPicture loaded;
  loaded.samples = std::move(bmp.samples);
  loaded.image.reset(vips_image_new_from_memory(
      loaded.samples.data(), loaded.samples.size(), static_cast<int>(bmp.width),
      static_cast<int>(bmp.height), static_cast<int>(bmp.channels), VIPS_FORMAT_UCHAR));
  if (!loaded.image) return bad_picture(source.format, take_vips_error());
  loaded.image->Type = VIPS_INTERPRETATION_sRGB;
  return loaded;
}

Side stored_size(const Image& image) {
  return {static_cast<std::uint32_t>(vips_image_get_width(image.get())),
          static_cast<std::uint32_t>(vips_image_get_height(image.get()))};
}

/// True where EXIF turns the picture by a quarter.
bool is_turned(const Image& image) { return vips_image_get_orientation_swap(image.get()) != 0; }

Side turn(Side side, bool turned) { return turned ? Side{side.height, side.width} : side; }

Status check_pixels(Side size, const PictureLimits& limits) {
  if (std::uint64_t{size.width} * size.height <= limits.pixels_max) return {};
  return fail(ErrorCode::kResourceExhausted,
              join_text(size.width, " x ", size.height, " pixels are more than the limit of ",
                        limits.pixels_max));
}

Result<Image> flatten_on_white(Image image) {
  if (vips_image_hasalpha(image.get()) == 0) return image;
  const bool wide = vips_image_get_format(image.get()) == VIPS_FORMAT_USHORT;
  const double white = wide ? 65535 : 255;
  const std::unique_ptr<VipsArrayDouble, void (*)(VipsArrayDouble*)> background(
      vips_array_double_newv(1, white),
      [](VipsArrayDouble* array) { vips_area_unref(VIPS_AREA(array)); });
  return run_vips([&](VipsImage** out) {
    return vips_flatten(image.get(), out, "background", background.get(), "max_alpha", white,
                        nullptr);
  });
}

Result<Image> cut_middle(Image image, Side size) {
  const Side whole = stored_size(image);
  if (whole == size) return image;
  return run_vips([&](VipsImage** out) {
    return vips_extract_area(image.get(), out, static_cast<int>((whole.width - size.width) / 2),
                             static_cast<int>((whole.height - size.height) / 2),
                             static_cast<int>(size.width), static_cast<int>(size.height), nullptr);
  });
}

/// Scales to exactly `size` and decodes: what comes back lies in memory.
Result<Image> scale(Image image, Side size) {
  const Side whole = stored_size(image);
  if (whole != size) {
    // A gap of 2: boxes average down to twice the size, Lanczos does the rest; twice as fast as
    // Lanczos alone, and not told apart by eye.
    SIMILE_ASSIGN(image, run_vips([&](VipsImage** out) {
                    return vips_resize(
                        image.get(), out, static_cast<double>(size.width) / whole.width, "vscale",
                        static_cast<double>(size.height) / whole.height, "gap", 2.0, nullptr);
                  }));
  }
  Image memory(vips_image_copy_memory(image.get()));
  if (!memory) return fail(ErrorCode::kInvalidArgument, take_vips_error());
  if (stored_size(memory) != size) {
    return fail(ErrorCode::kInternal, "scaling gave a picture of another size");
  }
  return memory;
}

/// True for a profile that says something else than sRGB. Half of all photos carry one that says
/// sRGB, and turning its curves around takes longer than decoding a small picture.
bool has_other_profile(const Image& image) {
  using namespace std::string_view_literals;
  if (vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) == 0) return false;
  const void* data = nullptr;
  std::size_t size = 0;
  if (vips_image_get_blob(image.get(), VIPS_META_ICC_NAME, &data, &size) != 0) return false;
  const std::string_view profile(static_cast<const char*>(data), size);
  const bool srgb = profile.find("sRGB"sv) != std::string_view::npos ||
                    profile.find("s\0R\0G\0B"sv) != std::string_view::npos;
  return !srgb || image->BandFmt != VIPS_FORMAT_UCHAR || image->Bands != 3;
}

Result<Image> to_srgb(Image image) {
  if (has_other_profile(image)) {
    Result<Image> converted = run_vips([&](VipsImage** out) {
      return vips_icc_transform(image.get(), out, "srgb", "embedded", TRUE, nullptr);
    });
    if (converted) return converted;  // else the profile is damaged: go by the channels alone
  }
  SIMILE_ASSIGN(image, run_vips([&](VipsImage** out) {
                  return vips_colourspace(image.get(), out, VIPS_INTERPRETATION_sRGB, nullptr);
                }));
  return run_vips(
      [&](VipsImage** out) { return vips_cast(image.get(), out, VIPS_FORMAT_UCHAR, nullptr); });
}

Result<Pixels> to_pixels(const Image& image) {
  if (vips_image_get_bands(image.get()) != 3) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(vips_image_get_bands(image.get()), " colour channels are not known"));
  }
  std::size_t size = 0;
  const std::unique_ptr<void, void (*)(void*)> memory(
      vips_image_write_to_memory(image.get(), &size), g_free);
  if (!memory) return fail(ErrorCode::kInvalidArgument, take_vips_error());
  const Side side = stored_size(image);
  Pixels pixels{.width = side.width, .height = side.height, .rgb = {}, .original = {}};
  const auto* bytes = static_cast<const std::uint8_t*>(memory.get());
  pixels.rgb.assign(bytes, bytes + size);
  SIMILE_CHECK(pixels.rgb.size() == std::size_t{3} * side.width * side.height);
  return pixels;
}

/// Steps 3 and 4 for an image as it is stored.
Result<Pixels> frame(Image image, const FramingPlan& plan, double shrunk, Side full) {
  const bool turned = is_turned(image);
  const Side now = stored_size(image);
  Side source = turn(plan.source, turned);
  if (source == full) {
    source = now;
  } else {  // the part that is used, in the pixels that were loaded
    source = {std::min(now.width, static_cast<std::uint32_t>(source.width / shrunk)),
              std::min(now.height, static_cast<std::uint32_t>(source.height / shrunk))};
  }
  SIMILE_ASSIGN(image, flatten_on_white(std::move(image)));
  SIMILE_ASSIGN(image, cut_middle(std::move(image), source));
  SIMILE_ASSIGN(image, scale(std::move(image), turn(plan.scaled, turned)));
  SIMILE_ASSIGN(image, to_srgb(std::move(image)));
  SIMILE_ASSIGN(image,
                run_vips([&](VipsImage** out) { return vips_autorot(image.get(), out, nullptr); }));
  SIMILE_ASSIGN(image, cut_middle(std::move(image), plan.result));
  return to_pixels(image);
}

Result<Pixels> decode_source(const Source& source, const PictureLimits& limits,
                             const Framing& framing) {
  LoadedPicture loaded;
  if (source.format == PictureFormat::kBmp) {
    SIMILE_ASSIGN(loaded, open_bmp(source, limits));
  } else {
    SIMILE_ASSIGN(loaded.image, open_image(source, 1));
  }
  const Side stored = stored_size(loaded.image);
  SIMILE_TRY(check_pixels(stored, limits));
  const Side shown = turn(stored, is_turned(loaded.image));
  const FramingPlan plan = plan_framing(shown, framing);
  const bool shrinks =
      source.format == PictureFormat::kJpeg || source.format == PictureFormat::kWebp;
  const std::uint32_t shrink = shrinks ? shrink_on_load(shown, plan) : 1;
  if (shrink > 1) {
    SIMILE_ASSIGN(loaded.image, open_image(source, shrink));
  }
  Result<Pixels> pixels = frame(std::move(loaded.image), plan, shrink, stored);
  if (!pixels) return bad_picture(source.format, pixels.error().message);
  pixels->original = {shown.width, shown.height};
  return pixels;
}

}  // namespace

std::string take_vips_error() {
  const std::unique_ptr<char, void (*)(void*)> buffer(vips_error_buffer_copy(), g_free);
  std::string text(buffer.get());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const std::size_t line = text.rfind('\n');  // the first complaint is nearest to the cause
  if (line != std::string::npos) text.resize(text.find('\n'));
  return join_text("damaged or cut short", text.empty() ? "" : " (", text, text.empty() ? "" : ")");
}

VipsCodec::VipsCodec() {
  // Where the process already runs libvips for itself, its settings are its own.
  if (vips_get_prgname() != nullptr) return;
  SIMILE_CHECK(vips_init("simile") == 0);
  vips_cache_set_max(0);  // no picture is decoded twice
  // Complaints about strangers' files become errors of ours; on stderr they would be noise.
  g_log_set_handler(
      "VIPS", static_cast<GLogLevelFlags>(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_INFO),
      [](const char*, GLogLevelFlags, const char*, void*) {}, nullptr);
}

Result<Pixels> VipsCodec::decode(std::span<const std::byte> encoded, const PictureLimits& limits,
                                 const Framing& framing) const {
  if (encoded.size() > limits.bytes_max) {
    return fail(ErrorCode::kResourceExhausted,
                join_text(encoded.size(), " bytes are more than the limit of ", limits.bytes_max));
  }
  const Source source{encoded, sniff_format(encoded)};
  if (source.format == PictureFormat::kUnknown) {
    return fail(
        ErrorCode::kInvalidArgument,
        join_text("is ", describe_unknown(encoded), ", not a JPEG, PNG, WebP, GIF or BMP picture"));
  }
  Result<Pixels> pixels = decode_source(source, limits, framing);
  vips_thread_shutdown();  // what libvips keeps for a thread would be lost with the thread
  return pixels;
}

Result<std::vector<std::byte>> VipsCodec::encode_jpeg(const Pixels& pixels) const {
  const Image image(vips_image_new_from_memory(
      pixels.rgb.data(), pixels.rgb.size(), static_cast<int>(pixels.width),
      static_cast<int>(pixels.height), 3, VIPS_FORMAT_UCHAR));
  if (!image) return fail(ErrorCode::kInternal, take_vips_error());
  image->Type = VIPS_INTERPRETATION_sRGB;
  void* data = nullptr;
  std::size_t size = 0;
  const int failed = vips_jpegsave_buffer(image.get(), &data, &size, "Q", 82, "strip", TRUE,
                                          "optimize_coding", TRUE, nullptr);
  const std::unique_ptr<void, void (*)(void*)> memory(data, g_free);
  if (failed != 0) return fail(ErrorCode::kInternal, take_vips_error());
  const auto* bytes = static_cast<const std::byte*>(data);
  return std::vector<std::byte>(bytes, bytes + size);
}

}  // namespace simile::features
