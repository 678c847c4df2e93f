#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/checksum.h"
#include "simile/base/text.h"
#include "simile/io/section_file.h"
#include "simile/io/section_layout.h"

namespace simile::io {

namespace {

/// A section is held back until it is known to be large or ends: its place depends on its size.
class FileSectionWriter final : public SectionWriter {
 public:
  explicit FileSectionWriter(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}

  Status write_header(std::string_view kind, std::uint32_t format) {
    SectionHeader header;
    header.format = format;
    std::ranges::copy(kind, header.kind.begin());
    header.checksum = checksum64(bytes_of(header).first(offsetof(SectionHeader, checksum)));
    return file_->append(bytes_of(header));
  }

  Status begin_section(std::string_view name) override {
    SIMILE_CHECK(!finished_ && is_section_name(name, kNameBytesMax));
    SIMILE_TRY(end_section());
    SIMILE_CHECK(names_.emplace(name).second);
    name_ = name;
    checksum_ = std::make_unique<Checksum64>();
    return {};
  }

  Status append(std::span<const std::byte> bytes) override {
    SIMILE_CHECK(checksum_ != nullptr);
    checksum_->update(bytes);
    size_ += bytes.size();
    if (size_ < kLargeSectionBytes) {
      held_.insert(held_.end(), bytes.begin(), bytes.end());
      return {};
    }
    SIMILE_TRY(place());
    return file_->append(bytes);
  }

  Status finish() override {
    SIMILE_CHECK(!finished_);
    SIMILE_TRY(end_section());
    finished_ = true;
    SIMILE_TRY(pad_to(table_offset(file_->size())));
    ByteWriter table;
    table.put(static_cast<std::uint32_t>(names_.size()));
    table.put_bytes(entries_.bytes());
    SIMILE_CHECK(table.size() <= kTableBytesMax);

    SectionFooter footer;
    footer.table_offset = file_->size();
    footer.table_size = table.size();
    footer.table_checksum = checksum64(table.bytes());
    footer.checksum = checksum64(bytes_of(footer).first(offsetof(SectionFooter, checksum)));
    SIMILE_TRY(file_->append(table.bytes()));
    SIMILE_TRY(file_->append(bytes_of(footer)));
    SIMILE_TRY(file_->sync());
    return file_->close();
  }

 private:
  template <class T>
  static std::span<const std::byte> bytes_of(const T& value) {
    return std::as_bytes(std::span(&value, 1));
  }

  Status pad_to(std::uint64_t offset) {
    static constexpr std::array<std::byte, kPageAlignment> kZeros{};
    return file_->append(std::span(kZeros).first(offset - file_->size()));
  }

  /// Writes the padding and what was held back; once a section.
  Status place() {
    if (placed_) return {};
    placed_ = true;
    offset_ = section_offset(file_->size(), size_);
    SIMILE_TRY(pad_to(offset_));
    SIMILE_TRY(file_->append(held_));
    held_.clear();
    return {};
  }

  Status end_section() {
    if (checksum_ == nullptr) return {};
    SIMILE_TRY(place());
    entries_.put(offset_);
    entries_.put(size_);
    entries_.put(checksum_->value());
    entries_.put_string(name_);
    checksum_ = nullptr;
    size_ = 0;
    placed_ = false;
    return {};
  }

  std::unique_ptr<WritableFile> file_;
  std::set<std::string, std::less<>> names_;
  ByteWriter entries_;
  bool finished_ = false;

  // Of the section at hand.
  std::string name_;
  std::unique_ptr<Checksum64> checksum_;
  std::vector<std::byte> held_;
  std::uint64_t size_ = 0;
  std::uint64_t offset_ = 0;
  bool placed_ = false;
};

}  // namespace

Result<std::unique_ptr<SectionWriter>> SectionWriter::create(Storage& storage,
                                                             const std::string& path,
                                                             std::string_view kind,
                                                             std::uint32_t format) {
  SIMILE_ASSIGN(std::unique_ptr<WritableFile> file, storage.create(path));
  return create(std::move(file), kind, format);
}

Result<std::unique_ptr<SectionWriter>> SectionWriter::create(std::unique_ptr<WritableFile> file,
                                                             std::string_view kind,
                                                             std::uint32_t format) {
  SIMILE_CHECK(file->size() == 0 && is_section_name(kind, kKindBytes));
  auto writer = std::make_unique<FileSectionWriter>(std::move(file));
  SIMILE_TRY(writer->write_header(kind, format));
  return writer;
}

Status SectionWriter::add_section(std::string_view name, std::span<const std::byte> bytes) {
  SIMILE_TRY(begin_section(name));
  return append(bytes);
}

}  // namespace simile::io
