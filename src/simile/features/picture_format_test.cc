#include "simile/features/picture_format.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace simile::features {
namespace {

using namespace std::string_literals;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

TEST(PictureFormat, IsToldByTheFirstBytes) {
  const std::vector<std::pair<std::string, PictureFormat>> cases = {
      {"\xFF\xD8\xFF\xE0"s, PictureFormat::kJpeg},
      {"\x89PNG\r\n\x1A\n"s, PictureFormat::kPng},
      {"RIFF\0\0\0\0WEBPVP8 "s, PictureFormat::kWebp},
      {"RIFF\0\0\0\0WAVEfmt "s, PictureFormat::kUnknown},
      {"GIF87a"s, PictureFormat::kGif},
      {"GIF89a"s, PictureFormat::kGif},
      {"GIF90a"s, PictureFormat::kUnknown},
      {"BM1234\0\0\0\0\x36\0\0\0"s, PictureFormat::kBmp},
      {"BMW drives past"s, PictureFormat::kUnknown},
      {"<html>"s, PictureFormat::kUnknown},
      {""s, PictureFormat::kUnknown},
  };
  for (const auto& [text, format] : cases) {
    EXPECT_EQ(sniff_format(bytes_of(text)), format) << testing::PrintToString(text);
  }
}

TEST(PictureFormat, IsUnknownForEveryCutOfEverySignature) {
  for (const std::string& text : {"\xFF\xD8\xFF"s, "\x89PNG\r\n\x1A\n"s, "RIFF\0\0\0\0WEBP"s,
                                  "GIF89a"s, "BM1234\0\0\0\0\x36\0\0\0"s}) {
    for (std::size_t length = 0; length < text.size(); ++length) {
      EXPECT_EQ(sniff_format(bytes_of(text.substr(0, length))), PictureFormat::kUnknown);
    }
    EXPECT_NE(sniff_format(bytes_of(text)), PictureFormat::kUnknown);
  }
}

TEST(PictureFormat, SaysWhatAStrangeFileSeemsToBe) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "empty"},
      {std::string(600, '\0'), "all zeros"},
      {"II*\0x"s, "a TIFF"},
      {"%PDF-1.7", "a PDF"},
      {"PK\x03\x04zip", "a ZIP archive"},
      {"\0\0\0\x20"
       "ftypavif...."s,
       "an AVIF"},
      {"\0\0\0\x20"
       "ftypheic...."s,
       "a HEIC"},
      {"\0\0\0\x20"
       "ftypisom...."s,
       "a video"},
      {"version https://git-lfs.github.com/spec/v1", "a Git LFS pointer"},
      {"\xEF\xBB\xBF\n  <!DOCTYPE html>", "HTML or XML"},
      {"<svg/>", "HTML or XML"},
      {"hello", "of an unknown format"},
      {"   ", "of an unknown format"},
  };
  for (const auto& [text, what] : cases) EXPECT_EQ(describe_unknown(bytes_of(text)), what);
}

}  // namespace
}  // namespace simile::features
