#pragma once
/// Characters and lines of a text file, through one buffer.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "simile/error.h"
#include "simile/vectorfile/byte_source.h"

namespace simile::vectorfile {

/// Thread rule: one thread at a time.
class TextReader {
 public:
  /// A vector of 65,536 components takes 1.3 MB as text; a longer line is no line of vectors.
  static constexpr std::size_t kLineBytesMax = 64 << 20;

  /// A byte order mark at the front is skipped.
  explicit TextReader(std::unique_ptr<FileSource> file);

  /// The next character, or -1 at the end. Whether the end came by an error is status().
  int peek() { return at_ < end_ || fill() ? static_cast<unsigned char>(buffer_[at_]) : -1; }
  int get() {
    const int next = peek();
    if (next < 0) return next;
    ++at_;
    if (next == '\n') ++line_;
    return next;
  }

  /// Reads up to the next line end, which is dropped (\n or \r\n); false at the end of the file.
  Result<bool> get_line(std::string& line);

  /// What is buffered of the bytes to come; at the start of a file, the first 256 KiB.
  std::string_view ahead() const { return {buffer_.data() + at_, end_ - at_}; }

  /// The line that get() or get_line() reads next, from 1.
  std::uint64_t line() const { return line_; }
  const Status& status() const { return status_; }
  const std::string& name() const { return file_->name(); }
  std::uint64_t bytes() const { return file_->size(); }
  std::uint64_t bytes_done() const { return file_->position() - (end_ - at_); }

 private:
  bool fill();

  std::unique_ptr<FileSource> file_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  std::uint64_t line_ = 1;
  Status status_;
};

}  // namespace simile::vectorfile
