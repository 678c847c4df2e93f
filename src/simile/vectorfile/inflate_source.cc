#include "simile/vectorfile/inflate_source.h"

#include <algorithm>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::vectorfile {

namespace {

constexpr std::size_t kInputBytes = 64 << 10;
// zlib counts in 32 bits.
constexpr std::size_t kOutputBytesMax = 1 << 30;

Bytef* zlib_bytes(std::byte* bytes) { return reinterpret_cast<Bytef*>(bytes); }

}  // namespace

InflateSource::InflateSource(std::unique_ptr<FileSource> file, const ZipMember& member)
    : ByteSource(join_text(file->name(), ":", member.name)),
      file_(std::move(file)),
      member_(member),
      stored_left_(member.stored_bytes) {
  if (member_.method == 8) {
    input_.resize(kInputBytes);
    // -15: the largest window, and no header around the deflated bytes.
    SIMILE_CHECK(inflateInit2(&stream_, -15) == Z_OK);
  }
}

Result<std::unique_ptr<ByteSource>> InflateSource::open(std::unique_ptr<FileSource> file,
                                                        const ZipMember& member) {
  if (member.method == 0 && member.bytes != member.stored_bytes) {
    return fail(ErrorCode::kDataLoss, join_text(file->name(), ": member '", member.name,
                                                "' has two lengths; copy or save the file anew"));
  }
  return std::unique_ptr<ByteSource>(new InflateSource(std::move(file), member));
}

InflateSource::~InflateSource() {
  if (member_.method == 8) inflateEnd(&stream_);
}

Result<std::size_t> InflateSource::read_stored(std::span<std::byte> into) {
  const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), stored_left_));
  SIMILE_ASSIGN(const std::size_t got, file_->read(into.first(part)));
  stored_left_ -= got;
  return got;
}

Result<std::size_t> InflateSource::inflate_some(std::span<std::byte> into) {
  stream_.next_out = zlib_bytes(into.data());
  stream_.avail_out = static_cast<uInt>(std::min(into.size(), kOutputBytesMax));
  const uInt asked = stream_.avail_out;
  while (stream_.avail_out == asked) {
    if (stream_.avail_in == 0) {
      SIMILE_ASSIGN(const std::size_t got, read_stored(input_));
      stream_.next_in = zlib_bytes(input_.data());
      stream_.avail_in = static_cast<uInt>(got);
    }
    const int status = inflate(&stream_, Z_NO_FLUSH);
    if (status == Z_STREAM_END) break;
    if (status != Z_OK) {
      return fail(ErrorCode::kDataLoss, join_text(name(), ": damaged after ", done_,
                                                  " bytes; copy or save the file anew"));
    }
  }
  return asked - stream_.avail_out;
}

Status InflateSource::check_end() const {
  if (crc_ == member_.crc32) return {};
  return fail(ErrorCode::kDataLoss,
              join_text(name(), ": its checksum does not match; copy or save the file anew"));
}

Result<std::size_t> InflateSource::read(std::span<std::byte> into) {
  into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), remaining())));
  std::size_t filled = 0;
  while (filled < into.size()) {
    const std::span<std::byte> rest = into.subspan(filled);
    SIMILE_ASSIGN(const std::size_t got,
                  member_.method == 8 ? inflate_some(rest) : read_stored(rest));
    if (got == 0) break;
    crc_ = static_cast<std::uint32_t>(crc32_z(crc_, zlib_bytes(rest.data()), got));
    filled += got;
    done_ += got;
    if (remaining() == 0) SIMILE_TRY(check_end());
  }
  return filled;
}

}  // namespace simile::vectorfile
