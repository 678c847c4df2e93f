#include "simile/features/vips/vips_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <thread>

#include "simile/features/vips/picture_writer.h"

namespace simile::features {
namespace {

using testing::HasSubstr;
using Colour = std::array<int, 3>;

const VipsCodec& codec() {
  static const VipsCodec instance;
  return instance;
}

Framing cover(std::uint32_t side) {
  return {.fit = Framing::Fit::kCover, .width = side, .height = side, .shorter_side = side};
}

Colour at(const Pixels& pixels, std::uint32_t x, std::uint32_t y) {
  const std::uint8_t* rgb = pixels.rgb.data() + (std::size_t{y} * pixels.width + x) * 3;
  return {rgb[0], rgb[1], rgb[2]};
}

void expect_near(const Colour& got, const Colour& wanted, int tolerance, const std::string& what) {
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(got[c], wanted[c], tolerance) << what << ", channel " << c;
  }
}

class VipsCodecTest : public testing::Test {
 protected:
  void SetUp() override { codec(); }

  static Pixels decode(const Bytes& bytes, const Framing& framing = cover(32)) {
    Result<Pixels> pixels = codec().decode(bytes, {}, framing);
    EXPECT_TRUE(pixels) << pixels.error().message;
    return pixels ? *std::move(pixels) : Pixels{};
  }

  static Error error_of(const Bytes& bytes, const PictureLimits& limits = {}) {
    const Result<Pixels> pixels = codec().decode(bytes, limits, cover(32));
    EXPECT_FALSE(pixels);
    return pixels ? Error{} : pixels.error();
  }

  static void expect_four_quarters(const Pixels& pixels, int tolerance, const std::string& what) {
    const std::uint32_t near_x = pixels.width / 4;
    const std::uint32_t near_y = pixels.height / 4;
    const std::uint32_t far_x = pixels.width - 1 - near_x;
    const std::uint32_t far_y = pixels.height - 1 - near_y;
    expect_near(at(pixels, near_x, near_y), {255, 0, 0}, tolerance, what);
    expect_near(at(pixels, far_x, near_y), {0, 255, 0}, tolerance, what);
    expect_near(at(pixels, near_x, far_y), {0, 0, 255}, tolerance, what);
    expect_near(at(pixels, far_x, far_y), {255, 255, 255}, tolerance, what);
  }
};

constexpr Side kSize{96, 64};

const std::vector<std::string> kFormats = {
    ".jpg[Q=95]",  ".jpg[Q=95,interlace=1]", ".png", ".png[interlace=1]", ".png[palette=1]",
    ".webp[Q=95]", ".webp[lossless=1]",      ".gif"};

TEST_F(VipsCodecTest, ReadsEveryFormat) {
  for (const std::string& format : kFormats) {
    const Pixels pixels = decode(write_picture(kSize, four_quarters(kSize), {.format = format}));
    EXPECT_EQ(pixels.original.width, kSize.width) << format;
    EXPECT_EQ(pixels.original.height, kSize.height) << format;
    expect_four_quarters(pixels, 20, format);
  }
}

TEST_F(VipsCodecTest, ReadsFormatsShrunkOnLoad) {
  const Side large{1600, 1200};
  for (const char* format : {".jpg[Q=95]", ".jpg[Q=95,interlace=1]", ".webp[Q=95]"}) {
    const Pixels pixels =
        decode(write_picture(large, four_quarters(large), {.format = format}), cover(64));
    EXPECT_EQ(pixels.original.width, large.width) << format;
    expect_four_quarters(pixels, 12, format);
  }
}

TEST_F(VipsCodecTest, TurnsAllEightOrientations) {
  for (std::uint32_t orientation = 1; orientation <= 8; ++orientation) {
    const std::string what = "orientation " + std::to_string(orientation);
    const Bytes jpeg = write_turned_jpeg(kSize, four_quarters(kSize), orientation);
    const Pixels inside = decode(jpeg, {.fit = Framing::Fit::kInside, .width = 48, .height = 48});
    EXPECT_EQ(inside.original.width, kSize.width) << what;
    EXPECT_EQ(inside.width, 48u) << what;
    EXPECT_EQ(inside.height, 32u) << what;
    expect_four_quarters(inside, 16, what);
    expect_four_quarters(decode(jpeg), 16, what);
    expect_four_quarters(decode(jpeg, {.fit = Framing::Fit::kStretch, .width = 20, .height = 40}),
                         16, what);
  }
}

TEST_F(VipsCodecTest, SpreadsGreyOverAllChannels) {
  const Painter ramp = [](std::uint32_t x, std::uint32_t) {
    return std::array<std::uint8_t, 4>{static_cast<std::uint8_t>(x * 2), 0, 0, 255};
  };
  for (const char* format : {".jpg[Q=95]", ".png", ".webp[lossless=1]"}) {
    const Pixels pixels =
        decode(write_picture({96, 96}, ramp, {.format = format, .channels = 1}), cover(96));
    expect_near(at(pixels, 60, 50), {120, 120, 120}, 3, format);
  }
}

TEST_F(VipsCodecTest, PutsAlphaOverWhite) {
  const auto half_red = [](std::uint32_t, std::uint32_t) {
    return std::array<std::uint8_t, 4>{255, 0, 0, 128};
  };
  const auto clear = [](std::uint32_t, std::uint32_t) {
    return std::array<std::uint8_t, 4>{0, 0, 0, 0};
  };
  for (const char* format : {".png", ".webp[lossless=1]"}) {
    expect_near(at(decode(write_picture(kSize, half_red, {.format = format, .channels = 4})), 9, 9),
                {255, 127, 127}, 2, format);
    expect_near(at(decode(write_picture(kSize, clear, {.format = format, .channels = 4})), 9, 9),
                {255, 255, 255}, 0, format);
  }
  expect_near(at(decode(write_picture(kSize, clear, {.channels = 2})), 9, 9), {255, 255, 255}, 0,
              "grey with alpha");
  expect_near(at(decode(write_picture(kSize, half_red, {.channels = 4, .wide = true})), 9, 9),
              {255, 127, 127}, 2, "16 bits with alpha");
}

TEST_F(VipsCodecTest, NarrowsSixteenBits) {
  const Painter colour = [](std::uint32_t, std::uint32_t) {
    return std::array<std::uint8_t, 4>{200, 100, 50, 255};
  };
  expect_near(at(decode(write_picture(kSize, colour, {.wide = true})), 9, 9), {200, 100, 50}, 1,
              "RGB");
  expect_near(at(decode(write_picture(kSize, colour, {.channels = 1, .wide = true})), 9, 9),
              {200, 200, 200}, 1, "grey");
}

TEST_F(VipsCodecTest, ConvertsCmyk) {
  const Pixels pixels =
      decode(write_picture(kSize, four_quarters(kSize), {.format = ".jpg[Q=95]", .cmyk = true}));
  // Printing colours do not reach those of a screen; what was red is still red.
  expect_near(at(pixels, 8, 8), {235, 30, 35}, 30, "red");
  expect_near(at(pixels, 24, 24), {255, 255, 255}, 4, "white");
}

TEST_F(VipsCodecTest, CutsTheMiddle) {
  const Painter thirds = [](std::uint32_t x, std::uint32_t) -> std::array<std::uint8_t, 4> {
    if (x < 100) return {255, 0, 0, 255};
    return x < 200 ? std::array<std::uint8_t, 4>{0, 255, 0, 255}
                   : std::array<std::uint8_t, 4>{0, 0, 255, 255};
  };
  const Pixels pixels = decode(write_picture({300, 100}, thirds), cover(32));
  for (std::uint32_t i = 1; i < 31; ++i) expect_near(at(pixels, i, i), {0, 255, 0}, 30, "middle");
}

TEST_F(VipsCodecTest, AveragesWhatItScalesAway) {
  const auto noise = [](std::uint32_t x, std::uint32_t y) {
    const std::uint32_t mixed = (x * 2654435761u) ^ (y * 40503u * 65537u);
    const auto value = static_cast<std::uint8_t>((mixed >> 13) % 256);
    return std::array<std::uint8_t, 4>{value, static_cast<std::uint8_t>(255 - value), 60, 255};
  };
  double sum = 0;
  for (std::uint32_t y = 0; y < 640; ++y) {
    for (std::uint32_t x = 0; x < 640; ++x) sum += noise(x, y)[0];
  }
  const Pixels pixels = decode(write_picture({640, 640}, noise), cover(16));
  double scaled = 0;
  for (std::size_t i = 0; i < pixels.rgb.size(); i += 3) scaled += pixels.rgb[i];
  EXPECT_NEAR(scaled / 256, sum / (640 * 640), 1.0);
  for (std::size_t i = 2; i < pixels.rgb.size(); i += 3) ASSERT_NEAR(pixels.rgb[i], 60, 1);
}

TEST_F(VipsCodecTest, ReadsPicturesOfEverySmallSize) {
  for (std::uint32_t width = 1; width <= 9; ++width) {
    for (std::uint32_t height = 1; height <= 9; ++height) {
      for (const char* format : {".jpg", ".png"}) {
        const Bytes bytes =
            write_picture({width, height}, four_quarters({width, height}), {.format = format});
        const Pixels pixels = decode(bytes, cover(8));
        ASSERT_EQ(pixels.rgb.size(), 8u * 8 * 3) << width << " x " << height << format;
        ASSERT_EQ(pixels.original.width, width);
      }
    }
  }
}

TEST_F(VipsCodecTest, ReadsStrips) {
  const Side wide{20'000, 3};
  const Side tall{2, 30'000};
  for (const Side size : {wide, tall}) {
    for (const char* format : {".jpg", ".png"}) {
      const Bytes bytes = write_picture(size, four_quarters(size), {.format = format});
      EXPECT_EQ(decode(bytes, cover(64)).rgb.size(), 64u * 64 * 3);
      const Pixels inside =
          decode(bytes, {.fit = Framing::Fit::kInside, .width = 100, .height = 100});
      EXPECT_EQ(std::max(inside.width, inside.height), 100u);
      EXPECT_EQ(inside.original.height, size.height);
    }
  }
}

TEST_F(VipsCodecTest, RefusesTruncatedFiles) {
  const Side size{200, 150};
  const Painter busy = [](std::uint32_t x, std::uint32_t y) {
    return std::array<std::uint8_t, 4>{static_cast<std::uint8_t>(x * y),
                                       static_cast<std::uint8_t>(x ^ y),
                                       static_cast<std::uint8_t>(x * 7), 255};
  };
  for (const std::string& format : kFormats) {
    const Bytes whole = write_picture(size, busy, {.format = format});
    for (const std::size_t percent : {1, 5, 10, 30, 50, 75, 90}) {
      Bytes part = whole;
      part.resize(whole.size() * percent / 100);
      const Error error = error_of(part);
      EXPECT_EQ(error.code, ErrorCode::kInvalidArgument) << format << " " << percent << "%";
      if (part.size() > 16) {
        EXPECT_THAT(error.message, HasSubstr("cut short")) << format;
      }
      EXPECT_EQ(error.message.find('\n'), std::string::npos) << error.message;
    }
  }
}

TEST_F(VipsCodecTest, SaysWhyAFileIsNoPicture) {
  const auto text = [](const std::string& content) {
    const auto bytes = std::as_bytes(std::span(content));
    return Bytes(bytes.begin(), bytes.end());
  };
  EXPECT_EQ(error_of({}).message, "is empty, not a JPEG, PNG, WebP, GIF or BMP picture");
  EXPECT_THAT(error_of(text("<!DOCTYPE html><html>404</html>")).message, HasSubstr("HTML"));
  EXPECT_THAT(error_of(text("<svg xmlns='http://www.w3.org/2000/svg'/>")).message,
              HasSubstr("HTML or XML"));
  EXPECT_THAT(error_of(text("P6 1 1 255 abc")).message, HasSubstr("unknown format"));
  EXPECT_THAT(error_of(Bytes(5000)).message, HasSubstr("all zeros"));
}

TEST_F(VipsCodecTest, RefusesTooManyPixelsBeforeDecoding) {
  for (const std::string& format : kFormats) {
    const Bytes bytes = write_picture(kSize, four_quarters(kSize), {.format = format});
    const Error error = error_of(bytes, {.pixels_max = kSize.width * kSize.height - 1});
    EXPECT_EQ(error.code, ErrorCode::kResourceExhausted) << format;
    EXPECT_THAT(error.message, HasSubstr("96 x 64 pixels")) << format;
    EXPECT_TRUE(codec().decode(bytes, {.pixels_max = kSize.width * kSize.height}, cover(8)));
  }
}

TEST_F(VipsCodecTest, RefusesTooManyBytes) {
  const Bytes bytes = write_picture(kSize, four_quarters(kSize));
  EXPECT_EQ(error_of(bytes, {.bytes_max = bytes.size() - 1}).code, ErrorCode::kResourceExhausted);
}

/// A JPEG whose header promises 65,500 x 65,500 pixels.
TEST_F(VipsCodecTest, RefusesADecompressionBomb) {
  Bytes jpeg = write_picture(kSize, four_quarters(kSize), {.format = ".jpg"});
  for (std::size_t i = 0; i + 9 < jpeg.size(); ++i) {
    if (jpeg[i] != std::byte{0xFF} || jpeg[i + 1] != std::byte{0xC0}) continue;
    for (std::size_t b = 5; b < 9; b += 2) {
      jpeg[i + b] = std::byte{0xFF};
      jpeg[i + b + 1] = std::byte{0xDC};
    }
  }
  const Error error = error_of(jpeg);
  EXPECT_EQ(error.code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(error.message, HasSubstr("65500 x 65500"));
}

TEST_F(VipsCodecTest, SurvivesDamageAnywhere) {
  for (const std::string& format : kFormats) {
    const Bytes whole = write_picture({24, 20}, four_quarters({24, 20}), {.format = format});
    for (std::size_t i = 0; i < whole.size(); i += 3) {
      Bytes damaged = whole;
      damaged[i] ^= std::byte{0x55};
      const Result<Pixels> pixels = codec().decode(damaged, {.pixels_max = 1 << 17}, cover(8));
      if (pixels) {
        ASSERT_EQ(pixels->rgb.size(), 8u * 8 * 3) << format << " byte " << i;
      }
    }
  }
}

TEST_F(VipsCodecTest, GivesTheSamePixelsOnManyThreads) {
  std::vector<Bytes> files;
  for (const std::string& format : kFormats) {
    files.push_back(write_picture({700, 500}, four_quarters({700, 500}), {.format = format}));
  }
  std::vector<std::vector<std::uint8_t>> serial;
  for (const Bytes& file : files) serial.push_back(decode(file).rgb);
  std::vector<std::thread> threads;
  std::vector<int> same(4, 0);
  for (std::size_t t = 0; t < same.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 3 * files.size(); ++i) {
        const std::size_t file = (i + t) % files.size();
        const Result<Pixels> pixels = codec().decode(files[file], {}, cover(32));
        if (pixels && pixels->rgb == serial[file]) ++same[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(same, testing::Each(static_cast<int>(3 * files.size())));
}

TEST_F(VipsCodecTest, WritesJpegsThatItReads) {
  const Pixels pixels = decode(write_picture(kSize, four_quarters(kSize)), cover(48));
  const Result<std::vector<std::byte>> jpeg = codec().encode_jpeg(pixels);
  ASSERT_TRUE(jpeg) << jpeg.error().message;
  expect_four_quarters(decode(*jpeg), 30, "JPEG again");
}

}  // namespace
}  // namespace simile::features
