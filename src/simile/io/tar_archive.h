#pragma once
/// Archives of regular files in the form that every `tar` reads (POSIX ustar). Nothing but regular
/// files is written or read: no links, no devices, no folders, no path that leaves the root.
///
///   1. An entry is a header of 512 bytes, then the bytes of the file, padded to 512.
///   2. A size above 8 GiB is binary, as GNU tar and libarchive write it.
///   3. Two blocks of zeros end the archive; one without them was cut off.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "simile/error.h"
#include "simile/io/storage.h"

namespace simile::io {

inline constexpr std::size_t kTarBlockBytes = 512;

/// One thread at a time; `file` outlives it and is synced by who made it.
class TarWriter {
 public:
  explicit TarWriter(WritableFile& file) : file_(file) {}

  /// Then come exactly `size` bytes, in pieces. kInvalidArgument where the path is too long for the
  /// form: 100 bytes, or 155 more before a '/'.
  Status begin(std::string_view path, std::uint64_t size);
  Status write(std::span<const std::byte> bytes);
  /// Ends the archive.
  Status finish();

 private:
  Status pad();

  WritableFile& file_;
  std::uint64_t left_ = 0;     ///< of the entry
  std::uint64_t padding_ = 0;  ///< after it
};

struct TarEntry {
  std::string path;
  std::uint64_t offset = 0;  ///< of its bytes in the archive
  std::uint64_t size = 0;
};

class TarReader {
 public:
  explicit TarReader(std::shared_ptr<ReadableFile> file) : file_(std::move(file)) {}

  /// The next one, nothing at the end. kDataLoss where the archive is damaged or cut off,
  /// kInvalidArgument where an entry is no regular file or its path is not one of a Storage.
  Result<std::optional<TarEntry>> next();
  const ReadableFile& file() const { return *file_; }

 private:
  std::shared_ptr<ReadableFile> file_;
  std::uint64_t at_ = 0;
};

}  // namespace simile::io
