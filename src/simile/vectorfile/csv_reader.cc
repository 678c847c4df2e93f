// CSV as RFC 4180 has it, with any of four separators: quotes around a cell keep separators, line
// ends and doubled quotes inside it. An unquoted empty cell is null, a quoted one an empty string.

#include <charconv>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/vectorfile/csv_layout.h"
#include "simile/vectorfile/record_file.h"
#include "simile/vectorfile/text_reader.h"

namespace simile::vectorfile {

namespace {

/// Splits a file into records of cells.
class CsvTokenizer {
 public:
  explicit CsvTokenizer(std::unique_ptr<FileSource> file)
      : text_(std::move(file)),
        separator_(text_.name().ends_with(".tsv") ? '\t' : guess_separator(text_.ahead())) {}

  /// Replaces `cells` by those of the next record that is not an empty line; false at the end.
  Result<bool> next(std::vector<Cell>& cells) {
    std::size_t count = 0;
    while (text_.peek() == '\n' || text_.peek() == '\r') text_.get();
    record_line_ = text_.line();
    record_bytes_ = 0;
    bool more = text_.peek() >= 0;
    while (more) {
      if (cells.size() == count) cells.emplace_back();
      SIMILE_ASSIGN(more, read_cell(cells[count++]));
    }
    cells.resize(count);
    if (!text_.status()) return std::unexpected(text_.status().error());
    return count > 0;
  }

  std::uint64_t record_line() const { return record_line_; }
  const TextReader& text() const { return text_; }

 private:
  /// True where another cell follows in the record.
  Result<bool> read_cell(Cell& cell) {
    cell.text.clear();
    cell.kind = Cell::Kind::kText;
    if (text_.peek() == '"') SIMILE_TRY(read_quoted(cell));
    for (int c = text_.peek(); c >= 0 && c != separator_ && c != '\n'; c = text_.peek()) {
      text_.get();
      if (c == '\r' && text_.peek() == '\n') break;
      if (cell.kind == Cell::Kind::kQuoted) return bad("something follows a closing quote");
      SIMILE_TRY(keep(cell, c));
    }
    if (cell.kind == Cell::Kind::kText && cell.text.empty()) cell.kind = Cell::Kind::kNull;
    return text_.get() == separator_;
  }

  Status read_quoted(Cell& cell) {
    text_.get();
    cell.kind = Cell::Kind::kQuoted;
    for (;;) {
      const int c = text_.get();
      if (c < 0) return bad("a quote is never closed");
      if (c == '"' && text_.peek() != '"') return {};
      if (c == '"') text_.get();
      SIMILE_TRY(keep(cell, c));
    }
  }

  Status keep(Cell& cell, int c) {
    cell.text += static_cast<char>(c);
    if (++record_bytes_ <= TextReader::kLineBytesMax) return {};
    return bad(join_text("a record longer than ", readable_bytes(TextReader::kLineBytesMax)));
  }

  std::unexpected<Error> bad(const std::string& what) const {
    return fail(ErrorCode::kDataLoss, join_text(text_.name(), ": line ", record_line_, ": ", what,
                                                "; the file is damaged or not CSV"));
  }

  TextReader text_;
  char separator_;
  std::uint64_t record_line_ = 1;
  std::size_t record_bytes_ = 0;
};

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t+");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

bool parse_component(std::string_view text, float& value) {
  text = trim(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

/// "[0.5, 1]", "0.5 1", "0.5;1"
bool parse_list(std::string_view text, std::vector<float>& to) {
  constexpr std::string_view kSeparators = " ,;\t\n";
  text = trim(text);
  if (text.starts_with('[') != text.ends_with(']')) return false;
  if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
  for (;;) {
    const std::size_t first = text.find_first_not_of(kSeparators);
    if (first == std::string_view::npos) return true;
    text.remove_prefix(first);
    const std::size_t length = std::min(text.find_first_of(kSeparators), text.size());
    if (!parse_component(text.substr(0, length), to.emplace_back())) return false;
    text.remove_prefix(length);
  }
}

class CsvReader final : public RecordReader {
 public:
  CsvReader(CsvTokenizer tokenizer, CsvLayout layout, std::vector<Cell> first)
      : tokenizer_(std::move(tokenizer)),
        layout_(std::move(layout)),
        cells_(std::move(first)),
        unread_(!layout_.header) {
    for (std::size_t i = 0; i < layout_.names.size(); ++i) {
      if (!is_vector(i)) names_.push_back(layout_.names[i]);
    }
  }

  const std::vector<std::string>& names() const override { return names_; }
  bool open_ended() const override { return false; }
  std::uint64_t bytes() const override { return tokenizer_.text().bytes(); }
  std::uint64_t bytes_done() const override { return tokenizer_.text().bytes_done(); }

  Result<bool> next(Record& record) override {
    if (!unread_) {
      SIMILE_ASSIGN(const bool more, tokenizer_.next(cells_));
      if (!more) return false;
    }
    unread_ = false;
    record.line = tokenizer_.record_line();
    record.vector.clear();
    record.cells.clear();
    if (cells_.size() != layout_.names.size()) {
      return bad(join_text(cells_.size(), " columns, the first line has ", layout_.names.size()));
    }
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (!is_vector(i)) {
        record.cells.push_back(cells_[i]);
      } else if (!read_components(cells_[i].text, record.vector)) {
        return bad(join_text("column '", layout_.names[i], "' holds ", describe(cells_[i]), ", ",
                             layout_.vector_count > 0 ? "a number" : "a list of numbers",
                             " is needed"));
      }
    }
    return true;
  }

 private:
  bool is_vector(std::size_t column) const {
    return column >= layout_.vector_first &&
           column < layout_.vector_first + std::max<std::size_t>(layout_.vector_count, 1);
  }
  bool read_components(std::string_view text, std::vector<float>& to) const {
    if (layout_.vector_count == 0) return parse_list(text, to);
    return parse_component(text, to.emplace_back());
  }
  std::unexpected<Error> bad(const std::string& what) const {
    return fail(ErrorCode::kInvalidArgument, join_text(tokenizer_.text().name(), ": line ",
                                                       tokenizer_.record_line(), ": ", what));
  }

  CsvTokenizer tokenizer_;
  CsvLayout layout_;
  std::vector<std::string> names_;
  std::vector<Cell> cells_;
  bool unread_;  // cells_ holds the first record, which is no header
};

}  // namespace

Result<std::unique_ptr<VectorFile>> open_csv(const std::string& path, const OpenOptions& options) {
  SIMILE_ASSIGN(auto file, FileSource::open(path));
  CsvTokenizer tokenizer(std::move(file));
  std::vector<Cell> first;
  SIMILE_ASSIGN(const bool more, tokenizer.next(first));
  if (!more) return fail(ErrorCode::kInvalidArgument, join_text(path, ": is empty"));
  auto layout = plan_csv(first, options.vector_column, options.id_column);
  if (!layout) return fail(layout.error().code, join_text(path, ": ", layout.error().message));
  FileInfo info;
  info.path = path;
  info.format = "csv";
  return open_records(
      std::make_unique<CsvReader>(std::move(tokenizer), *std::move(layout), std::move(first)),
      std::move(info), options);
}

}  // namespace simile::vectorfile
