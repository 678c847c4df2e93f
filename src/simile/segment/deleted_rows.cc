#include "simile/segment/deleted_rows.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/io/section_file.h"

namespace simile::segment {

namespace {

constexpr std::string_view kKind = "deletes";
constexpr std::uint32_t kFormat = 1;
constexpr std::string_view kSection = "rows";
// How the rows are written: whichever is shorter.
constexpr std::uint32_t kAsList = 1;
constexpr std::uint32_t kAsBits = 2;

}  // namespace

bool DeletedRows::add(RowId row) {
  if (value_of(row) >= rows.size()) {
    // By halves, so that deleting one row after the other does not copy the bits every time.
    rows.resize(std::max<std::size_t>(value_of(row) + std::size_t{1}, rows.size() * 3 / 2));
  }
  if (rows.test(row)) return false;
  rows.set(value_of(row));
  ++count;
  return true;
}

void DeletedRows::remove(RowId row) {
  rows.reset(value_of(row));
  --count;
}

Bitmap live_rows(const DeletedPointer& deleted, std::size_t rows) {
  Bitmap live(rows, true);
  if (!deleted) return live;
  const std::span<std::uint64_t> words = live.words();
  const std::span<const std::uint64_t> gone = deleted->rows.words();
  for (std::size_t i = 0; i < std::min(words.size(), gone.size()); ++i) words[i] &= ~gone[i];
  return live;
}

Status write_deletes(io::Storage& storage, const std::string& path, const DeletedRows& deleted,
                     std::size_t rows) {
  ByteWriter writer;
  const bool as_list = deleted.count * sizeof(std::uint32_t) < (rows + 7) / 8;
  writer.put(static_cast<std::uint64_t>(rows));
  writer.put(static_cast<std::uint64_t>(deleted.count));
  writer.put(as_list ? kAsList : kAsBits);
  writer.put(std::uint32_t{0});
  if (as_list) {
    deleted.rows.for_each([&](std::size_t row) { writer.put(static_cast<std::uint32_t>(row)); });
  } else {
    for (std::size_t i = 0; i < (rows + 63) / 64; ++i) {
      const auto words = deleted.rows.words();
      writer.put(i < words.size() ? words[i] : std::uint64_t{0});
    }
  }
  SIMILE_ASSIGN(auto file, io::SectionWriter::create(storage, path, kKind, kFormat));
  SIMILE_TRY(file->add_section(kSection, writer.bytes()));
  return file->finish();
}

Result<DeletedPointer> read_deletes(const io::Storage& storage, const std::string& path,
                                    std::size_t rows) {
  SIMILE_ASSIGN(auto file, storage.open(path));
  SIMILE_ASSIGN(auto reader, io::SectionReader::open(std::move(file), kKind, kFormat));
  SIMILE_ASSIGN(const auto bytes, reader->verified_section(kSection));
  const auto damaged = [&] {
    return fail(ErrorCode::kDataLoss, join_text(path, " does not fit its segment"));
  };
  ByteReader input(bytes);
  const auto stored_rows = input.get<std::uint64_t>();
  const auto count = input.get<std::uint64_t>();
  const auto form = input.get<std::uint32_t>();
  input.get<std::uint32_t>();
  if (!input.ok() || stored_rows != rows || count > rows) return damaged();
  auto deleted = std::make_shared<DeletedRows>();
  deleted->rows.resize(rows);
  if (form == kAsList && input.remaining() == count * sizeof(std::uint32_t)) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto row = input.get<std::uint32_t>();
      if (row >= rows) return damaged();
      deleted->add(RowId{row});
    }
  } else if (form == kAsBits && input.remaining() == deleted->rows.words().size_bytes()) {
    for (std::uint64_t& word : deleted->rows.words()) word = input.get<std::uint64_t>();
    const std::size_t used = rows % 64;
    if (used != 0 && (deleted->rows.words().back() >> used) != 0) return damaged();
    deleted->count = deleted->rows.count();
  } else {
    return damaged();
  }
  if (deleted->count != count) return damaged();
  return deleted;
}

}  // namespace simile::segment
