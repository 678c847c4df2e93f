#pragma once
/// One member of a ZIP file as a stream of its bytes.

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "simile/vectorfile/byte_source.h"
#include "simile/vectorfile/zip_archive.h"

namespace simile::vectorfile {

/// Stored or deflated bytes that begin where `file` stands. What is read is never more than the
/// member's stated length, whatever the deflated bytes hold.
class InflateSource final : public ByteSource {
 public:
  static Result<std::unique_ptr<ByteSource>> open(std::unique_ptr<FileSource> file,
                                                  const ZipMember& member);
  ~InflateSource() override;

  Result<std::size_t> read(std::span<std::byte> into) override;
  std::uint64_t remaining() const override { return member_.bytes - done_; }

 private:
  InflateSource(std::unique_ptr<FileSource> file, const ZipMember& member);

  Result<std::size_t> inflate_some(std::span<std::byte> into);
  /// Reads the next stored bytes, at most `into.size()`; 0 where none are left.
  Result<std::size_t> read_stored(std::span<std::byte> into);
  Status check_end() const;

  std::unique_ptr<FileSource> file_;
  ZipMember member_;
  std::uint64_t stored_left_;
  std::uint64_t done_ = 0;
  std::uint32_t crc_ = 0;
  std::vector<std::byte> input_;
  z_stream stream_{};
};

}  // namespace simile::vectorfile
