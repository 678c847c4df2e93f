#include "simile/io/tar_archive.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/io/path.h"

namespace simile::io {

namespace {

/// Places in a header.
struct Place {
  std::size_t begin;
  std::size_t bytes;
};
constexpr Place kName{0, 100};
constexpr Place kMode{100, 8};
constexpr Place kOwner{108, 8};
constexpr Place kGroup{116, 8};
constexpr Place kSize{124, 12};
constexpr Place kTime{136, 12};
constexpr Place kSum{148, 8};
constexpr std::size_t kType = 156;
constexpr Place kMagic{257, 8};
constexpr Place kPrefix{345, 155};
constexpr std::string_view kMagicText("ustar\00000", 8);
constexpr std::byte kBinary{0x80};

using Header = std::array<std::byte, kTarBlockBytes>;

void put_text(Header& header, Place place, std::string_view text) {
  std::memcpy(header.data() + place.begin, text.data(), std::min(text.size(), place.bytes));
}

/// Octal digits and a NUL.
void put_octal(Header& header, Place place, std::uint64_t value) {
  for (std::size_t i = place.bytes - 1; i-- > 0; value /= 8) {
    header[place.begin + i] = static_cast<std::byte>('0' + value % 8);
  }
}

void put_size(Header& header, std::uint64_t size) {
  constexpr std::uint64_t kOctalEnd = std::uint64_t{1} << 33;
  if (size < kOctalEnd) return put_octal(header, kSize, size);
  for (std::size_t i = kSize.bytes; i-- > 1; size >>= 8) {
    header[kSize.begin + i] = static_cast<std::byte>(size & 0xFF);
  }
  header[kSize.begin] = kBinary;
}

std::uint64_t sum_of(const Header& header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const bool own = i >= kSum.begin && i < kSum.begin + kSum.bytes;
    sum += own ? std::uint64_t{' '} : static_cast<std::uint64_t>(header[i]);
  }
  return sum;
}

std::string text_at(const Header& header, Place place) {
  const char* begin = reinterpret_cast<const char*>(header.data()) + place.begin;
  return {begin, strnlen(begin, place.bytes)};
}

/// Nothing where it is no number.
std::optional<std::uint64_t> octal_at(const Header& header, Place place) {
  std::uint64_t value = 0;
  bool any = false;
  for (const char c : text_at(header, place)) {
    if (c == ' ' && !any) continue;
    if (c == ' ') break;
    if (c < '0' || c > '7' || value >> 60 != 0) return std::nullopt;
    value = value * 8 + static_cast<std::uint64_t>(c - '0');
    any = true;
  }
  return value;
}

std::optional<std::uint64_t> size_at(const Header& header) {
  if (header[kSize.begin] != kBinary) return octal_at(header, kSize);
  std::uint64_t value = 0;
  for (std::size_t i = 1; i < kSize.bytes; ++i) {
    if (value >> 55 != 0) return std::nullopt;
    value = value << 8 | static_cast<std::uint64_t>(header[kSize.begin + i]);
  }
  return value;
}

std::uint64_t padded(std::uint64_t size) {
  return (size + kTarBlockBytes - 1) / kTarBlockBytes * kTarBlockBytes;
}

/// Where the path is divided: before the returned position is the prefix, none where it is 0.
Result<std::size_t> divide(std::string_view path) {
  if (path.size() <= kName.bytes) return std::size_t{0};
  for (std::size_t i = 0; i < path.size() && i <= kPrefix.bytes; ++i) {
    if (path[i] == '/' && path.size() - i - 1 <= kName.bytes) return i;
  }
  return fail(ErrorCode::kInvalidArgument,
              join_text("the path ", path, " is too long for an archive; name a directory"));
}

}  // namespace

Status TarWriter::begin(std::string_view path, std::uint64_t size) {
  SIMILE_TRY(check_path(path));
  SIMILE_TRY(pad());
  SIMILE_ASSIGN(const std::size_t at, divide(path));
  Header header{};
  put_text(header, kName, at == 0 ? path : path.substr(at + 1));
  if (at != 0) put_text(header, kPrefix, path.substr(0, at));
  constexpr std::uint64_t kOwnerReads = 0600;
  put_octal(header, kMode, kOwnerReads);
  put_octal(header, kOwner, 0);
  put_octal(header, kGroup, 0);
  put_size(header, size);
  put_octal(header, kTime, 0);
  header[kType] = static_cast<std::byte>('0');
  put_text(header, kMagic, kMagicText);
  put_octal(header, {kSum.begin, kSum.bytes - 1}, sum_of(header));
  header[kSum.begin + kSum.bytes - 1] = static_cast<std::byte>(' ');
  left_ = size;
  padding_ = padded(size) - size;
  return file_.append(header);
}

Status TarWriter::write(std::span<const std::byte> bytes) {
  if (bytes.size() > left_) {
    return fail(ErrorCode::kInternal, "more bytes than the entry of an archive has");
  }
  left_ -= bytes.size();
  return file_.append(bytes);
}

Status TarWriter::pad() {
  if (left_ != 0) return fail(ErrorCode::kInternal, "the entry of an archive was not ended");
  const std::array<std::byte, kTarBlockBytes> zeros{};
  const std::uint64_t count = std::exchange(padding_, 0);
  return file_.append(std::span(zeros).first(count));
}

Status TarWriter::finish() {
  SIMILE_TRY(pad());
  const std::array<std::byte, 2 * kTarBlockBytes> zeros{};
  return file_.append(zeros);
}

Result<std::optional<TarEntry>> TarReader::next() {
  const auto damaged = [&](std::string_view what) {
    return fail(ErrorCode::kDataLoss, join_text(file_->path(), " ", what, " at byte ", at_));
  };
  Header header{};
  if (at_ + header.size() > file_->size()) return damaged("is an archive that was cut off");
  SIMILE_TRY(file_->read_at(at_, header));
  if (std::ranges::all_of(header, [](std::byte byte) { return byte == std::byte{0}; })) {
    return std::nullopt;
  }
  const bool ours = text_at(header, {kMagic.begin, 5}) == "ustar";
  if (!ours || octal_at(header, kSum) != sum_of(header)) {
    return damaged("is no archive, or damaged");
  }
  const auto size = size_at(header);
  const std::uint64_t begin = at_ + header.size();
  if (!size || *size > file_->size() || begin + padded(*size) > file_->size()) {
    return damaged("is an archive that was cut off");
  }
  TarEntry entry{.path = text_at(header, kName), .offset = begin, .size = *size};
  if (const std::string prefix = text_at(header, kPrefix); !prefix.empty()) {
    entry.path = prefix + "/" + entry.path;
  }
  const char type = static_cast<char>(header[kType]);
  if (type != '0' && type != '\0') {
    return fail(ErrorCode::kInvalidArgument,
                join_text(file_->path(), ": the entry '", entry.path,
                          "' is no regular file; it was not made by simile backup"));
  }
  if (const Status sound = check_path(entry.path); !sound) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(file_->path(), ": the entry '", entry.path,
                          "' would lie outside of the database: ", sound.error().message));
  }
  at_ = begin + padded(*size);
  return entry;
}

}  // namespace simile::io
