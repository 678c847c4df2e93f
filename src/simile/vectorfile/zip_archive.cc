// Reading a ZIP file:
// 1. The end record is the last 22 bytes, or lies before a comment of at most 65,535 bytes.
// 2. Where it holds 0xFFFF'FFFF, a locator just before it points to the 64-bit end record.
// 3. The end record points to the central directory: one entry a member, with its sizes (again
//    with a 64-bit extra field where a size is 0xFFFF'FFFF) and the place of its local header.
// 4. The local header is skipped by its own name and extra lengths; then come the bytes.

#include "simile/vectorfile/zip_archive.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/vectorfile/inflate_source.h"

namespace simile::vectorfile {

namespace {

constexpr std::uint32_t kEndMagic = 0x0605'4B50;
constexpr std::uint32_t kEnd64Magic = 0x0606'4B50;
constexpr std::uint32_t kLocator64Magic = 0x0706'4B50;
constexpr std::uint32_t kEntryMagic = 0x0201'4B50;
constexpr std::uint32_t kLocalMagic = 0x0403'4B50;
constexpr std::uint32_t kIn64 = 0xFFFF'FFFF;
constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kLocatorBytes = 20;
// An archive of arrays has a few members; more is an attempt to fill memory.
constexpr std::uint64_t kDirectoryBytesMax = 16 << 20;

struct DirectoryPlace {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

std::unexpected<Error> damaged(const FileSource& file, std::string_view what) {
  return fail(ErrorCode::kDataLoss,
              join_text(file.name(), ": not a whole .npz file: ", what, "; copy or save it anew"));
}

Result<std::vector<std::byte>> read_at(FileSource& file, std::uint64_t offset, std::size_t bytes) {
  file.seek(offset);
  std::vector<std::byte> content(bytes);
  SIMILE_TRY(file.read_exactly(content, "the list of members"));
  return content;
}

std::uint32_t magic_at(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t magic = 0;
  std::memcpy(&magic, bytes.data() + at, sizeof magic);
  return magic;
}

/// Step 2.
Result<DirectoryPlace> read_end64(FileSource& file, std::uint64_t end_at) {
  if (end_at < kLocatorBytes) return damaged(file, "the 64-bit locator is missing");
  SIMILE_ASSIGN(const auto locator, read_at(file, end_at - kLocatorBytes, kLocatorBytes));
  if (magic_at(locator, 0) != kLocator64Magic) {
    return damaged(file, "the 64-bit locator is missing");
  }
  ByteReader locator_reader{std::span(locator).subspan(8)};
  const auto record_at = locator_reader.get<std::uint64_t>();
  if (record_at > end_at) return damaged(file, "the 64-bit end record is missing");
  SIMILE_ASSIGN(const auto record, read_at(file, record_at, 56));
  if (magic_at(record, 0) != kEnd64Magic) {
    return damaged(file, "the 64-bit end record is missing");
  }
  ByteReader reader{std::span(record).subspan(40)};
  DirectoryPlace place;
  place.bytes = reader.get<std::uint64_t>();
  place.offset = reader.get<std::uint64_t>();
  return place;
}

/// Steps 1 and 2.
Result<DirectoryPlace> find_directory(FileSource& file) {
  const std::size_t tail_bytes =
      static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), kEndBytes + 65'535));
  if (tail_bytes < kEndBytes) return damaged(file, "it is too short");
  const std::uint64_t tail_at = file.size() - tail_bytes;
  SIMILE_ASSIGN(const auto tail, read_at(file, tail_at, tail_bytes));
  for (std::size_t at = tail_bytes - kEndBytes + 1; at-- > 0;) {
    if (magic_at(tail, at) != kEndMagic) continue;
    ByteReader reader{std::span(tail).subspan(at + 10)};
    const auto entries = reader.get<std::uint16_t>();
    const auto bytes = reader.get<std::uint32_t>();
    const auto offset = reader.get<std::uint32_t>();
    if (entries != 0xFFFF && bytes != kIn64 && offset != kIn64) {
      return DirectoryPlace{offset, bytes};
    }
    return read_end64(file, tail_at + at);
  }
  return damaged(file, "its end record is missing, it may be cut off");
}

/// Replaces what is marked as 64-bit by the values of the extra field 0x0001.
bool widen(ZipMember& member, std::span<const std::byte> extra) {
  if (member.bytes != kIn64 && member.stored_bytes != kIn64 && member.header_at != kIn64) {
    return true;
  }
  ByteReader reader(extra);
  while (reader.ok() && reader.remaining() >= 4) {
    const auto id = reader.get<std::uint16_t>();
    ByteReader field(reader.get_bytes(reader.get<std::uint16_t>()));
    if (id != 1) continue;
    if (member.bytes == kIn64) member.bytes = field.get<std::uint64_t>();
    if (member.stored_bytes == kIn64) member.stored_bytes = field.get<std::uint64_t>();
    if (member.header_at == kIn64) member.header_at = field.get<std::uint64_t>();
    return field.ok();
  }
  return false;
}

/// Step 3, one entry; nothing where the bytes are not one.
std::optional<ZipMember> read_entry(ByteReader& reader) {
  if (reader.get<std::uint32_t>() != kEntryMagic) return std::nullopt;
  reader.get_bytes(4);  // versions
  const auto flags = reader.get<std::uint16_t>();
  ZipMember member;
  member.method = reader.get<std::uint16_t>();
  reader.get_bytes(4);  // time and date
  member.crc32 = reader.get<std::uint32_t>();
  member.stored_bytes = reader.get<std::uint32_t>();
  member.bytes = reader.get<std::uint32_t>();
  const auto name_bytes = reader.get<std::uint16_t>();
  const auto extra_bytes = reader.get<std::uint16_t>();
  const auto comment_bytes = reader.get<std::uint16_t>();
  reader.get_bytes(8);  // disk and attributes
  member.header_at = reader.get<std::uint32_t>();
  const auto name = reader.get_bytes(name_bytes);
  const auto extra = reader.get_bytes(extra_bytes);
  reader.get_bytes(comment_bytes);
  const bool encrypted = (flags & 1) != 0;
  if (!reader.ok() || encrypted || !widen(member, extra)) return std::nullopt;
  member.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
  return member;
}

}  // namespace

Result<std::vector<ZipMember>> read_zip_members(FileSource& file) {
  SIMILE_ASSIGN(const DirectoryPlace place, find_directory(file));
  if (place.bytes > kDirectoryBytesMax || place.offset > file.size() ||
      place.bytes > file.size() - place.offset) {
    return damaged(file, "its list of members lies outside the file");
  }
  SIMILE_ASSIGN(const auto directory,
                read_at(file, place.offset, static_cast<std::size_t>(place.bytes)));
  std::vector<ZipMember> members;
  for (ByteReader reader(directory); reader.remaining() > 0;) {
    std::optional<ZipMember> member = read_entry(reader);
    if (!member) return damaged(file, "its list of members cannot be read");
    members.push_back(std::move(*member));
  }
  return members;
}

Result<std::unique_ptr<ByteSource>> open_zip_member(std::unique_ptr<FileSource> file,
                                                    const ZipMember& member) {
  if (member.method != 0 && member.method != 8) {
    return fail(ErrorCode::kUnimplemented,
                join_text(file->name(), ": member '", member.name, "' is compressed by method ",
                          member.method, "; save it with numpy.savez or savez_compressed"));
  }
  constexpr std::size_t kLocalBytes = 30;
  if (member.header_at > file->size()) return damaged(*file, "a member lies outside the file");
  SIMILE_ASSIGN(const auto header, read_at(*file, member.header_at, kLocalBytes));
  ByteReader reader{std::span(header).subspan(26)};
  const std::uint64_t name_bytes = reader.get<std::uint16_t>();
  const std::uint64_t data_at =
      member.header_at + kLocalBytes + name_bytes + reader.get<std::uint16_t>();
  if (magic_at(header, 0) != kLocalMagic || data_at > file->size() ||
      member.stored_bytes > file->size() - data_at) {
    return damaged(*file, join_text("member '", member.name, "' is cut off"));
  }
  file->seek(data_at);
  return InflateSource::open(std::move(file), member);
}

}  // namespace simile::vectorfile
