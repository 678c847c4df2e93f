/// Opening a section file, which may have been made by an enemy:
/// 1. Header: magic, checksum, then version and kind.
/// 2. Footer: magic, checksum; the table must end where the footer begins.
/// 3. Table: checksum, then every entry against section_layout.h: offsets follow from sizes.
/// Only then is anything believed. Nothing is allocated but the table, which is no larger than the
/// file nor kTableBytesMax.

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/checksum.h"
#include "simile/base/text.h"
#include "simile/io/section_file.h"
#include "simile/io/section_layout.h"

namespace simile::io {

namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;

std::unexpected<Error> damaged(const std::string& path, std::string_view what) {
  return fail(ErrorCode::kDataLoss,
              join_text("'", path, "': ", what, "; restore the file from a copy"));
}

/// The file's own words for reading errors, but a file that is too short is damaged.
Status read_part(const ReadableFile& file, std::uint64_t offset, std::span<std::byte> out) {
  Status read = file.read_at(offset, out);
  if (!read && read.error().code == ErrorCode::kOutOfRange) {
    return damaged(file.path(), "it is truncated");
  }
  return read;
}

template <class T>
Result<T> read_checked(const ReadableFile& file, std::uint64_t offset) {
  T value;
  const std::span<std::byte> bytes = std::as_writable_bytes(std::span(&value, 1));
  SIMILE_TRY(read_part(file, offset, bytes));
  if (value.magic != T{}.magic) {
    return damaged(file.path(), "it is not a file of Simile, or its beginning or end is damaged");
  }
  if (value.checksum != checksum64(bytes.first(offsetof(T, checksum)))) {
    return damaged(file.path(), "its header or footer does not match its checksum");
  }
  return value;
}

Status check_header(const SectionHeader& header, const std::string& path, std::string_view kind,
                    std::uint32_t format_max) {
  if (header.container_version > kContainerVersion) {
    return fail(ErrorCode::kUnimplemented,
                join_text("'", path, "' is in container format ", header.container_version,
                          ", this Simile reads up to ", kContainerVersion, "; use a newer one"));
  }
  const auto end = std::ranges::find(header.kind, '\0');
  const std::string_view found(header.kind.begin(), end);
  const bool padded = std::ranges::all_of(end, header.kind.end(), [](char c) { return c == 0; });
  if (header.container_version == 0 || header.reserved != 0 || !padded ||
      !is_section_name(found, kKindBytes)) {
    return damaged(path, "its header makes no sense");
  }
  if (found != kind) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("'", path, "' is a file of kind ", found, ", not ", kind));
  }
  if (header.format > format_max) {
    return fail(ErrorCode::kUnimplemented,
                join_text("'", path, "' is in ", kind, " format ", header.format,
                          ", this Simile reads up to ", format_max, "; use a newer one"));
  }
  return {};
}

Result<std::vector<SectionReader::Section>> parse_table(std::span<const std::byte> bytes,
                                                        std::uint64_t table_begin,
                                                        const std::string& path) {
  ByteReader table(bytes);
  const auto count = table.get<std::uint32_t>();
  std::vector<SectionReader::Section> sections;
  std::uint64_t end = sizeof(SectionHeader);
  for (std::uint32_t i = 0; i < count && table.ok(); ++i) {
    SectionReader::Section section;
    section.offset = table.get<std::uint64_t>();
    section.size = table.get<std::uint64_t>();
    section.checksum = table.get<std::uint64_t>();
    section.name = table.get_string();
    if (!table.ok()) break;
    // end is no more than table_begin, a file's size at most, so that no sum reaches 2^63.
    if (!is_section_name(section.name, kNameBytesMax) ||
        section.offset != section_offset(end, section.size) || section.offset > table_begin ||
        section.size > table_begin - section.offset) {
      return damaged(path, join_text("entry ", i, " of its table makes no sense"));
    }
    end = section.offset + section.size;
    sections.push_back(std::move(section));
  }
  if (!table.ok() || table.remaining() != 0 || table_offset(end) != table_begin) {
    return damaged(path, "its table makes no sense");
  }
  return sections;
}

class FileSectionReader final : public SectionReader {
 public:
  FileSectionReader(std::shared_ptr<ReadableFile> file, std::uint32_t format,
                    std::vector<Section> sections)
      : file_(std::move(file)), format_(format), sections_(std::move(sections)) {
    for (std::size_t i = 0; i < sections_.size(); ++i) by_name_.emplace(sections_[i].name, i);
  }

  bool names_are_unique() const { return by_name_.size() == sections_.size(); }
  std::uint32_t format() const override { return format_; }
  const std::vector<Section>& sections() const override { return sections_; }

  Result<std::span<const std::byte>> section(std::string_view name) const override {
    SIMILE_ASSIGN(const std::size_t index, find(name));
    SIMILE_ASSIGN(const std::span<const std::byte> all, file_->map());
    return all.subspan(sections_[index].offset, sections_[index].size);
  }

  Status verify(std::string_view name) const override {
    SIMILE_ASSIGN(const std::size_t index, find(name));
    const Section& section = sections_[index];
    SIMILE_TRY(check_padding(end_before(index), section.offset));
    Checksum64 checksum;
    std::vector<std::byte> buffer(std::min<std::uint64_t>(kReadBytes, section.size));
    for (std::uint64_t done = 0; done < section.size;) {
      const std::span<std::byte> part =
          std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), section.size - done));
      SIMILE_TRY(read_part(*file_, section.offset + done, part));
      checksum.update(part);
      done += part.size();
    }
    if (checksum.value() == section.checksum) return {};
    return damaged(file_->path(), join_text("section '", name, "' does not match its checksum"));
  }

  /// Bytes between parts, less than a page, must be zero.
  Status check_padding(std::uint64_t begin, std::uint64_t end) const {
    std::vector<std::byte> padding(end - begin);
    SIMILE_TRY(read_part(*file_, begin, padding));
    if (std::ranges::all_of(padding, [](std::byte b) { return b == std::byte{0}; })) return {};
    return damaged(file_->path(), join_text("the padding at byte ", begin, " is not zero"));
  }

  /// Where the part before a section ends; with sections().size(), before the table.
  std::uint64_t end_before(std::size_t index) const {
    if (index == 0) return sizeof(SectionHeader);
    return sections_[index - 1].offset + sections_[index - 1].size;
  }

 private:
  Result<std::size_t> find(std::string_view name) const {
    const auto found = by_name_.find(name);
    if (found != by_name_.end()) return found->second;
    return fail(ErrorCode::kNotFound,
                join_text("'", file_->path(), "' has no section '", name, "'"));
  }

  std::shared_ptr<ReadableFile> file_;
  std::uint32_t format_;
  std::vector<Section> sections_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

}  // namespace

Result<std::unique_ptr<SectionReader>> SectionReader::open(std::shared_ptr<ReadableFile> file,
                                                           std::string_view kind,
                                                           std::uint32_t format_max) {
  const std::string& path = file->path();
  SIMILE_ASSIGN(const auto header, read_checked<SectionHeader>(*file, 0));
  SIMILE_TRY(check_header(header, path, kind, format_max));

  const std::uint64_t size = file->size();
  if (size < sizeof(SectionHeader) + sizeof(SectionFooter)) {
    return damaged(path, "it is truncated");
  }
  const std::uint64_t footer_begin = size - sizeof(SectionFooter);
  SIMILE_ASSIGN(const auto footer, read_checked<SectionFooter>(*file, footer_begin));
  if (footer.table_size > kTableBytesMax || footer.table_size > footer_begin ||
      footer.table_offset != footer_begin - footer.table_size) {
    return damaged(path, "its footer makes no sense");
  }
  std::vector<std::byte> table(footer.table_size);
  SIMILE_TRY(read_part(*file, footer.table_offset, table));
  if (checksum64(table) != footer.table_checksum) {
    return damaged(path, "its table does not match its checksum");
  }
  SIMILE_ASSIGN(std::vector<Section> sections, parse_table(table, footer.table_offset, path));
  auto reader =
      std::make_unique<FileSectionReader>(std::move(file), header.format, std::move(sections));
  if (!reader->names_are_unique()) return damaged(path, "two of its sections have one name");
  SIMILE_TRY(
      reader->check_padding(reader->end_before(reader->sections().size()), footer.table_offset));
  return reader;
}

bool SectionReader::contains(std::string_view name) const {
  return std::ranges::any_of(sections(), [&](const Section& s) { return s.name == name; });
}

Status SectionReader::verify_all() const {
  for (const Section& section : sections()) SIMILE_TRY(verify(section.name));
  return {};
}

Result<std::span<const std::byte>> SectionReader::verified_section(std::string_view name) const {
  SIMILE_TRY(verify(name));
  return section(name);
}

}  // namespace simile::io
