#include "simile/io/memory_file.h"

#include <algorithm>
#include <utility>

#include "simile/base/text.h"

namespace simile::io {

namespace {

class MemoryReadableFile final : public ReadableFile {
 public:
  MemoryReadableFile(std::string path, SharedBytes bytes)
      : path_(std::move(path)), bytes_(std::move(bytes)) {}

  const std::string& path() const override { return path_; }
  std::uint64_t size() const override { return bytes_->size(); }

  Status read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset > bytes_->size() || out.size() > bytes_->size() - offset) {
      return fail(ErrorCode::kOutOfRange,
                  join_text("'", path_, "' ends at byte ", bytes_->size(), ", before ", out.size(),
                            " bytes at ", offset, " are read; it may be truncated"));
    }
    std::ranges::copy(std::span(*bytes_).subspan(offset, out.size()), out.begin());
    return {};
  }

  Result<std::span<const std::byte>> map() const override { return std::span(*bytes_); }

 private:
  std::string path_;
  SharedBytes bytes_;
};

}  // namespace

std::shared_ptr<ReadableFile> make_memory_reader(std::string path, SharedBytes bytes) {
  return std::make_shared<MemoryReadableFile>(std::move(path), std::move(bytes));
}

}  // namespace simile::io
