#include "simile/vectorfile/text_reader.h"

#include <cstring>
#include <span>

#include "simile/base/text.h"

namespace simile::vectorfile {

namespace {
constexpr std::size_t kBufferBytes = 256 << 10;
}

TextReader::TextReader(std::unique_ptr<FileSource> file)
    : file_(std::move(file)), buffer_(kBufferBytes) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (fill() && std::string_view(buffer_.data(), end_).starts_with(kMark)) at_ = kMark.size();
}

bool TextReader::fill() {
  if (!status_) return false;
  const auto got = file_->read(std::as_writable_bytes(std::span(buffer_)));
  at_ = 0;
  end_ = got ? *got : 0;
  if (!got) status_ = std::unexpected(got.error());
  return end_ > 0;
}

Result<bool> TextReader::get_line(std::string& line) {
  line.clear();
  if (peek() < 0) {
    if (!status_) return std::unexpected(status_.error());
    return false;
  }
  while (peek() >= 0) {
    const char* start = buffer_.data() + at_;
    const void* found = std::memchr(start, '\n', end_ - at_);
    const std::size_t length =
        found != nullptr ? static_cast<std::size_t>(static_cast<const char*>(found) - start)
                         : end_ - at_;
    if (line.size() + length > kLineBytesMax) {
      return fail(ErrorCode::kDataLoss,
                  join_text(name(), ": line ", line_, " is longer than ",
                            readable_bytes(kLineBytesMax), "; this is not a file of vectors"));
    }
    line.append(start, length);
    at_ += length;
    if (found != nullptr) {
      ++at_;
      break;
    }
  }
  if (!status_) return std::unexpected(status_.error());
  ++line_;
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

}  // namespace simile::vectorfile
