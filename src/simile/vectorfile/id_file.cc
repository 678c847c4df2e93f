#include "simile/vectorfile/id_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <limits>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/vectorfile/column_builder.h"
#include "simile/vectorfile/npy_file.h"
#include "simile/vectorfile/text_reader.h"

namespace simile::vectorfile {

namespace {

struct Width {
  std::size_t bytes = 0;
  bool sign = false;
};

/// "<i4" is 4 bytes with a sign.
std::optional<Width> integer_width(std::string_view descr) {
  constexpr std::array<std::pair<std::string_view, Width>, 8> kWidths = {{
      {"|i1", {1, true}},
      {"<i2", {2, true}},
      {"<i4", {4, true}},
      {"<i8", {8, true}},
      {"|u1", {1, false}},
      {"<u2", {2, false}},
      {"<u4", {4, false}},
      {"<u8", {8, false}},
  }};
  for (const auto& [name, width] : kWidths) {
    if (name == descr) return width;
  }
  return std::nullopt;
}

class NpyIds final : public IdFile {
 public:
  NpyIds(std::string path, std::unique_ptr<ByteSource> source, Width width, std::uint64_t rows)
      : IdFile(std::move(path), FieldType::kInt64),
        source_(std::move(source)),
        width_(width),
        left_(rows) {}

  Status next(std::size_t rows, Column& column) override {
    column.type = type();
    clear_column(column);
    rows = static_cast<std::size_t>(std::min<std::uint64_t>(rows, left_));
    bytes_.resize(rows * width_.bytes);
    SIMILE_TRY(source_->read_exactly(bytes_, "the keys"));
    column.fixed.resize(rows * sizeof(std::int64_t));
    for (std::size_t i = 0; i < rows; ++i) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, bytes_.data() + i * width_.bytes, width_.bytes);
      const std::size_t spare_bits = 64 - 8 * width_.bytes;
      const auto key = width_.sign ? static_cast<std::int64_t>(bits << spare_bits) >> spare_bits
                                   : static_cast<std::int64_t>(bits);
      if (!width_.sign && key < 0) {
        return fail(ErrorCode::kInvalidArgument,
                    join_text(path(), ": key ", bits,
                              " is beyond int64; use strings in a text "
                              "file"));
      }
      std::memcpy(column.fixed.data() + i * sizeof key, &key, sizeof key);
    }
    column.rows = rows;
    left_ -= rows;
    return {};
  }

 private:
  std::unique_ptr<ByteSource> source_;
  Width width_;
  std::uint64_t left_;
  std::vector<std::byte> bytes_;
};

class TextIds final : public IdFile {
 public:
  TextIds(std::string path, FieldType type, TextReader text, std::deque<std::string> sample)
      : IdFile(std::move(path), type), text_(std::move(text)), sample_(std::move(sample)) {
    field_.name = "key";
    field_.type = type;
  }

  Status next(std::size_t rows, Column& column) override {
    column.type = type();
    clear_column(column);
    Cell cell;
    cell.kind = Cell::Kind::kText;
    while (column.rows < rows) {
      if (!sample_.empty()) {
        cell.text = std::move(sample_.front());
        sample_.pop_front();
      } else {
        SIMILE_ASSIGN(const bool more, text_.get_line(cell.text));
        if (!more) return {};
      }
      ++line_;
      Status added = append_cell(field_, cell, column);
      if (added) continue;
      return fail(added.error().code,
                  join_text(path(), ": line ", line_, ": ", added.error().message));
    }
    return {};
  }

 private:
  TextReader text_;
  std::deque<std::string> sample_;
  Field field_;
  std::uint64_t line_ = 0;
};

Result<std::unique_ptr<IdFile>> open_npy_ids(const std::string& path) {
  OpenOptions options;
  options.usual_dataset = "ids";
  SIMILE_ASSIGN(auto source, open_npy_source(path, options));
  SIMILE_ASSIGN(const NpyHeader header, read_npy_header(*source));
  const auto width = integer_width(header.descr);
  if (!width || header.shape.size() != 1) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(path, ": keys are one-dimensional little-endian integers, not '",
                          header.descr, "' of ", header.shape.size(),
                          " dimensions; for strings use a text file, one key a line"));
  }
  SIMILE_TRY(check_npy_length(header, width->bytes, *source));
  return std::make_unique<NpyIds>(path, std::move(source), *width, header.shape.front());
}

Result<std::unique_ptr<IdFile>> open_text_ids(const std::string& path,
                                              std::optional<FieldType> type) {
  constexpr std::size_t kSampleLines = 1000;
  SIMILE_ASSIGN(auto file, FileSource::open(path));
  TextReader text(std::move(file));
  std::deque<std::string> sample;
  FieldType seen = FieldType::kInt64;
  while (!type && sample.size() < kSampleLines) {
    std::string line;
    SIMILE_ASSIGN(const bool more, text.get_line(line));
    if (!more) break;
    if (!text_as_integer(line)) seen = FieldType::kString;
    sample.push_back(std::move(line));
  }
  return std::make_unique<TextIds>(path, type.value_or(seen), std::move(text), std::move(sample));
}

}  // namespace

Result<std::unique_ptr<IdFile>> IdFile::open(const std::string& path,
                                             std::optional<FieldType> type) {
  if (!path.ends_with(".npy") && !path.ends_with(".npz")) return open_text_ids(path, type);
  if (type != FieldType::kString) return open_npy_ids(path);
  return fail(ErrorCode::kInvalidArgument,
              join_text(path,
                        ": holds integers, the collection's keys are strings; use a text "
                        "file, one key a line"));
}

}  // namespace simile::vectorfile
