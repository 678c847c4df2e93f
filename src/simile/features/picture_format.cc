#include "simile/features/picture_format.h"

#include <algorithm>

namespace simile::features {
namespace {

using namespace std::string_view_literals;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

PictureFormat sniff_format(std::span<const std::byte> encoded) {
  const std::string_view text = text_of(encoded);
  if (text.starts_with("\xFF\xD8\xFF"sv)) return PictureFormat::kJpeg;
  if (text.starts_with("\x89PNG\r\n\x1A\n"sv)) return PictureFormat::kPng;
  if (text.starts_with("GIF87a"sv) || text.starts_with("GIF89a"sv)) return PictureFormat::kGif;
  if (text.starts_with("RIFF"sv) && text.size() >= 12 && text.substr(8, 4) == "WEBP"sv) {
    return PictureFormat::kWebp;
  }
  // Two letters are little to go by, so the four reserved bytes must be zero as well; they are in
  // all that Windows, GIMP, ImageMagick and PIL write.
  if (text.starts_with("BM"sv) && text.size() >= 14 && text.substr(6, 4) == "\0\0\0\0"sv) {
    return PictureFormat::kBmp;
  }
  return PictureFormat::kUnknown;
}

std::string_view name_of(PictureFormat format) {
  switch (format) {
    case PictureFormat::kJpeg: return "JPEG";
    case PictureFormat::kPng: return "PNG";
    case PictureFormat::kWebp: return "WebP";
    case PictureFormat::kGif: return "GIF";
    case PictureFormat::kBmp: return "BMP";
    case PictureFormat::kUnknown: break;
  }
  return "unknown";
}

std::string_view describe_unknown(std::span<const std::byte> encoded) {
  std::string_view text = text_of(encoded);
  if (text.empty()) return "empty";
  if (std::ranges::all_of(text.substr(0, 512), [](char c) { return c == '\0'; })) {
    return "all zeros";
  }
  if (text.starts_with("II*\0"sv) || text.starts_with("MM\0*"sv)) return "a TIFF";
  if (text.starts_with("%PDF"sv)) return "a PDF";
  if (text.starts_with("PK\x03\x04"sv)) return "a ZIP archive";
  if (text.size() >= 12 && text.substr(4, 4) == "ftyp"sv) {
    const std::string_view brand = text.substr(8, 4);
    if (brand.starts_with("avi"sv)) return "an AVIF";
    if (brand.starts_with("hei"sv) || brand.starts_with("mif"sv)) return "a HEIC";
    return "a video";
  }
  if (text.starts_with("version https://git-lfs"sv)) return "a Git LFS pointer";
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t\r\n\xEF\xBB\xBF"sv)));
  if (text.starts_with('<')) return "HTML or XML";
  return "of an unknown format";
}

}  // namespace simile::features
