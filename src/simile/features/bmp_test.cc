#include "simile/features/bmp.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "simile/base/bytes.h"
#include "simile/base/random.h"

namespace simile::features {
namespace {

using Samples = std::vector<std::uint8_t>;
using Bytes = std::vector<std::byte>;

/// What a test file says in its headers, before its pixels.
struct BmpFile {
  std::uint32_t header_bytes = 40;
  std::int32_t width = 2;
  std::int32_t height = 2;
  std::uint16_t bits = 24;
  std::uint32_t compression = 0;
  std::vector<std::uint32_t> masks{};
  std::vector<std::uint32_t> palette{};  ///< 0x00RRGGBB
  Samples pixels{};

  Bytes bytes() const {
    ByteWriter info;
    info.put(header_bytes);
    if (header_bytes == 12) {
      info.put(static_cast<std::uint16_t>(width));
      info.put(static_cast<std::uint16_t>(height));
    } else {
      info.put(width);
      info.put(height);
    }
    info.put(std::uint16_t{1});
    info.put(bits);
    if (header_bytes >= 40) {
      info.put(compression);
      for (int i = 0; i < 3; ++i) info.put(std::uint32_t{0});
      info.put(static_cast<std::uint32_t>(palette.size()));
      info.put(std::uint32_t{0});
    }
    for (const std::uint32_t mask : masks) info.put(mask);
    while (info.size() < header_bytes) info.put(std::uint8_t{0});
    for (const std::uint32_t entry : palette) {
      info.put(static_cast<std::uint16_t>(entry & 0xFFFF));
      info.put(static_cast<std::uint8_t>(entry >> 16));
      if (header_bytes != 12) info.put(std::uint8_t{0});
    }
    ByteWriter file;
    file.put(std::uint8_t{'B'});
    file.put(std::uint8_t{'M'});
    file.put(static_cast<std::uint32_t>(14 + info.size() + pixels.size()));
    file.put(std::uint32_t{0});
    file.put(static_cast<std::uint32_t>(14 + info.size()));
    file.put_bytes(info.bytes());
    file.put_bytes(std::as_bytes(std::span(pixels)));
    return file.take();
  }
};

Samples samples_of(const BmpFile& file) {
  const Result<BmpPicture> picture = decode_bmp(file.bytes(), {});
  EXPECT_TRUE(picture) << picture.error().message;
  return picture ? picture->samples : Samples{};
}

std::string error_of(const BmpFile& file) {
  const Result<BmpPicture> picture = decode_bmp(file.bytes(), {});
  return picture ? "no error" : picture.error().message;
}

constexpr std::uint32_t kRed = 0xFF'0000;
constexpr std::uint32_t kGreen = 0x00'FF00;
constexpr std::uint32_t kBlue = 0x00'00FF;

TEST(Bmp, ReadsRowsFromTheBottom) {
  const BmpFile file{.pixels = {1, 2, 3, 4, 5, 6, 0, 0, 11, 12, 13, 14, 15, 16, 0, 0}};
  EXPECT_EQ(samples_of(file), (Samples{13, 12, 11, 16, 15, 14, 3, 2, 1, 6, 5, 4}));
}

TEST(Bmp, ReadsRowsFromTheTopWhereTheHeightIsNegative) {
  const BmpFile file{.height = -2,
                     .pixels = {1, 2, 3, 4, 5, 6, 0, 0, 11, 12, 13, 14, 15, 16, 0, 0}};
  EXPECT_EQ(samples_of(file), (Samples{3, 2, 1, 6, 5, 4, 13, 12, 11, 16, 15, 14}));
}

TEST(Bmp, ReadsPalettes) {
  const Samples wanted = {255, 0, 0, 0, 0, 255, 0, 255, 0};
  BmpFile file{.width = 3, .height = 1, .bits = 8, .palette = {kRed, kGreen, kBlue}};
  file.pixels = {0, 2, 1, 0};
  EXPECT_EQ(samples_of(file), wanted);
  file.bits = 4;
  file.pixels = {0x02, 0x10, 0, 0};
  EXPECT_EQ(samples_of(file), wanted);
  file.bits = 1;
  file.palette = {kRed, kBlue};
  file.pixels = {0x60, 0, 0, 0};
  EXPECT_EQ(samples_of(file), (Samples{255, 0, 0, 0, 0, 255, 0, 0, 255}));
}

TEST(Bmp, ShowsBlackForAnIndexPastThePalette) {
  const BmpFile file{
      .width = 1, .height = 1, .bits = 8, .palette = {kRed}, .pixels = {200, 0, 0, 0}};
  EXPECT_EQ(samples_of(file), (Samples{0, 0, 0}));
}

TEST(Bmp, ReadsTheOldHeader) {
  const BmpFile file{.header_bytes = 12,
                     .width = 1,
                     .height = 1,
                     .bits = 1,
                     .palette = {kGreen, kRed},
                     .pixels = {0x80, 0, 0, 0}};
  EXPECT_EQ(samples_of(file), (Samples{255, 0, 0}));
}

TEST(Bmp, ReadsSixteenBits) {
  BmpFile file{.width = 2, .height = 1, .bits = 16, .pixels = {0x00, 0x7C, 0xE0, 0x03}};
  EXPECT_EQ(samples_of(file), (Samples{255, 0, 0, 0, 255, 0}));
  file.compression = 3;
  file.masks = {0xF800, 0x07E0, 0x001F};
  file.pixels = {0x00, 0xF8, 0xE0, 0x07};
  EXPECT_EQ(samples_of(file), (Samples{255, 0, 0, 0, 255, 0}));
}

TEST(Bmp, ReadsThirtyTwoBitsWithAndWithoutAlpha) {
  BmpFile file{.width = 1, .height = 1, .bits = 32, .pixels = {1, 2, 3, 77}};
  EXPECT_EQ(samples_of(file), (Samples{3, 2, 1}));
  file.header_bytes = 124;
  file.compression = 3;
  file.masks = {0xFF, 0xFF00, 0xFF'0000, 0xFF00'0000};
  EXPECT_EQ(samples_of(file), (Samples{1, 2, 3, 77}));
}

TEST(Bmp, ReadsMasksOfTenBits) {
  // 1023, 512 and 0 of 1023.
  const std::uint32_t pixel = 1023u << 20 | 512u << 10;
  BmpFile file{.width = 1, .height = 1, .bits = 32, .compression = 3};
  file.masks = {0x3FF0'0000, 0x000F'FC00, 0x0000'03FF};
  for (int shift = 0; shift < 32; shift += 8) {
    file.pixels.push_back(static_cast<std::uint8_t>(pixel >> shift));
  }
  EXPECT_EQ(samples_of(file), (Samples{255, 128, 0}));
}

TEST(Bmp, ReadsRunsOfBytes) {
  BmpFile file{.width = 4, .height = 3, .bits = 8, .compression = 1};
  file.palette = {0, kRed, kGreen, kBlue};
  // Bottom row: 3 x red; then a literal of 3; then one step right and up past a pixel.
  file.pixels = {3, 1, 0, 0, 0, 3, 1, 2, 3, 0, 0, 2, 0, 0, 0, 0, 0, 2, 1, 0, 1, 2, 0, 1};
  const Samples got = samples_of(file);
  const auto at = [&](std::size_t x, std::size_t y) {
    const std::uint8_t* rgb = got.data() + (y * 4 + x) * 3;
    return std::uint32_t{rgb[0]} << 16 | std::uint32_t{rgb[1]} << 8 | rgb[2];
  };
  ASSERT_EQ(got.size(), 36u);
  EXPECT_EQ(at(0, 2), kRed);
  EXPECT_EQ(at(2, 2), kRed);
  EXPECT_EQ(at(3, 2), 0u);
  EXPECT_EQ(at(0, 1), kRed);
  EXPECT_EQ(at(1, 1), kGreen);
  EXPECT_EQ(at(2, 1), kBlue);
  EXPECT_EQ(at(0, 0), 0u);
  EXPECT_EQ(at(1, 0), kGreen);
}

TEST(Bmp, ReadsRunsOfNibbles) {
  BmpFile file{.width = 5, .height = 1, .bits = 4, .compression = 2};
  file.palette = {0, kRed, kGreen};
  file.pixels = {3, 0x12, 0, 1};
  const Samples got = samples_of(file);
  ASSERT_EQ(got.size(), 15u);
  EXPECT_EQ(Samples(got.begin(), got.begin() + 9), (Samples{255, 0, 0, 0, 255, 0, 255, 0, 0}));
}

TEST(Bmp, ClipsRunsToThePicture) {
  BmpFile file{.width = 2, .height = 1, .bits = 8, .compression = 1, .palette = {kBlue}};
  file.pixels = {255, 0, 255, 0, 0, 1};
  EXPECT_EQ(samples_of(file), (Samples{0, 0, 255, 0, 0, 255}));
}

TEST(Bmp, RefusesWhatItDoesNotKnow) {
  const Samples pixels(64);
  EXPECT_EQ(error_of({.header_bytes = 20, .pixels = pixels}),
            "BMP: information header of 20 bytes is not known");
  EXPECT_EQ(error_of({.bits = 2, .pixels = pixels}), "BMP: 2 bits a pixel are not known");
  EXPECT_EQ(error_of({.compression = 4, .pixels = pixels}), "BMP: compression 4 at 24 bits");
  EXPECT_EQ(error_of({.bits = 4, .compression = 1, .pixels = pixels}),
            "BMP: compression 1 at 4 bits");
  EXPECT_EQ(error_of({.height = -2, .bits = 8, .compression = 1, .pixels = pixels}),
            "BMP: run-length code with the top row first");
  EXPECT_EQ(error_of({.width = 0, .pixels = pixels}), "BMP: a side is 0 pixels");
  EXPECT_EQ(error_of({.width = -1, .pixels = pixels}), "BMP: a side is out of range");
  EXPECT_EQ(error_of({.height = INT32_MIN, .pixels = pixels}), "BMP: a side is out of range");
  EXPECT_EQ(error_of({.bits = 16, .compression = 3, .masks = {5, 0, 0}, .pixels = pixels}),
            "BMP: a colour mask has gaps");
}

TEST(Bmp, RefusesTooManyPixelsBeforeItAllocates) {
  const Bytes bytes = BmpFile{.width = 30'000, .height = 30'000}.bytes();
  const Result<BmpPicture> picture = decode_bmp(bytes, {});
  ASSERT_FALSE(picture);
  EXPECT_EQ(picture.error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(picture.error().message, "30000 x 30000 pixels are more than the limit of 200000000");
}

TEST(Bmp, RefusesARunLengthBomb) {
  BmpFile file{.width = 14'000, .height = 14'000, .bits = 8, .compression = 1};
  file.pixels = {0, 1};
  EXPECT_EQ(error_of(file), "BMP: cut short in its pixels");
}

TEST(Bmp, RefusesEveryCutShortFile) {
  const BmpFile rows{.pixels = Samples(16)};
  const BmpFile runs{.width = 4,
                     .height = 1,
                     .bits = 8,
                     .compression = 1,
                     .palette = {kRed, kBlue},
                     .pixels = {2, 1, 0, 3, 1, 0, 1, 0, 0, 1}};
  for (const BmpFile& file : {rows, runs}) {
    const Bytes whole = file.bytes();
    for (std::size_t length = 0; length < whole.size(); ++length) {
      EXPECT_FALSE(decode_bmp(std::span(whole).first(length), {})) << length;
    }
    EXPECT_TRUE(decode_bmp(whole, {}));
  }
}

TEST(Bmp, SurvivesRandomDamage) {
  const std::uint64_t seed = 20260101;
  Random random(seed);
  for (int round = 0; round < 20'000; ++round) {
    BmpFile file{.bits = 8, .compression = static_cast<std::uint32_t>(round % 2)};
    file.palette = {kRed, kGreen};
    for (int i = 0; i < 24; ++i) file.pixels.push_back(static_cast<std::uint8_t>(random.next()));
    Bytes bytes = file.bytes();
    for (int i = 0; i < 3; ++i) bytes[2 + random.below(60)] = static_cast<std::byte>(random.next());
    const Result<BmpPicture> picture = decode_bmp(bytes, {.pixels_max = 1 << 16});
    if (!picture) continue;
    ASSERT_EQ(picture->samples.size(),
              std::size_t{picture->width} * picture->height * picture->channels)
        << "seed " << seed << ", round " << round;
  }
}

}  // namespace
}  // namespace simile::features
