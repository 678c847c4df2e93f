#pragma once
/// Bytes that are read once, from front to back.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "simile/error.h"

namespace simile::vectorfile {

/// Thread rule: one thread at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// Fills `into`, or less at the end of the bytes; returns how many.
  virtual Result<std::size_t> read(std::span<std::byte> into) = 0;

  /// Bytes that are still to come as far as the file says, which may be a lie.
  virtual std::uint64_t remaining() const = 0;

  /// The file, and the member in it, for messages.
  const std::string& name() const { return name_; }

  /// Fills all of `into`; kDataLoss, saying that `what` is cut off, where there is less.
  Status read_exactly(std::span<std::byte> into, const std::string& what);

 protected:
  explicit ByteSource(std::string name) : name_(std::move(name)) {}

 private:
  std::string name_;
};

/// A regular file on disk, which may also be read at any place.
class FileSource final : public ByteSource {
 public:
  static Result<std::unique_ptr<FileSource>> open(const std::string& path);
  ~FileSource() override;

  Result<std::size_t> read(std::span<std::byte> into) override;
  std::uint64_t remaining() const override { return position_ < size_ ? size_ - position_ : 0; }

  std::uint64_t size() const { return size_; }
  std::uint64_t position() const { return position_; }
  void seek(std::uint64_t position) { position_ = position; }

 private:
  FileSource(const std::string& path, int descriptor, std::uint64_t size)
      : ByteSource(path), descriptor_(descriptor), size_(size) {}

  int descriptor_;
  std::uint64_t size_;
  std::uint64_t position_ = 0;
};

}  // namespace simile::vectorfile
