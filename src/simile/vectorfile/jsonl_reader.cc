// JSON lines: each line is an object with the vector under its name, or a bare array.

#include <map>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/vectorfile/json_cells.h"
#include "simile/vectorfile/record_file.h"
#include "simile/vectorfile/text_reader.h"

namespace simile::vectorfile {

namespace {

class JsonlReader final : public RecordReader {
 public:
  JsonlReader(std::unique_ptr<FileSource> file, std::string vector_name)
      : text_(std::move(file)), vector_name_(std::move(vector_name)) {}

  const std::vector<std::string>& names() const override { return names_; }
  bool open_ended() const override { return true; }
  std::uint64_t bytes() const override { return text_.bytes(); }
  std::uint64_t bytes_done() const override { return text_.bytes_done(); }

  Result<bool> next(Record& record) override {
    do {
      record.line = text_.line();
      SIMILE_ASSIGN(const bool more, text_.get_line(line_));
      if (!more) return false;
    } while (line_.find_first_not_of(" \t") == std::string::npos);
    record.vector.clear();
    record.cells.assign(names_.size(), Cell());
    simdjson::dom::element root;
    if (const auto error = parser_.parse(line_).get(root)) {
      return bad(record, ErrorCode::kDataLoss,
                 join_text("not JSON: ", simdjson::error_message(error)));
    }
    simdjson::dom::array array;
    simdjson::dom::object object;
    if (root.get(array) == simdjson::SUCCESS) return read_vector(root, record);
    if (root.get(object) == simdjson::SUCCESS) return read_object(object, record);
    return bad(record, ErrorCode::kInvalidArgument, "neither an object nor an array");
  }

 private:
  Result<bool> read_object(simdjson::dom::object object, Record& record) {
    bool found = false;
    for (const auto [name, value] : object) {
      if (name == vector_name_) {
        SIMILE_TRY(read_vector(value, record));
        found = true;
      } else {
        const std::size_t column = column_of(name);
        if (record.cells.size() <= column) record.cells.resize(column + 1);
        record.cells[column] = to_cell(value);
      }
    }
    if (found) return true;
    return bad(record, ErrorCode::kInvalidArgument,
               join_text("no field '", vector_name_, "'; choose the vector with --vector NAME"));
  }

  Result<bool> read_vector(simdjson::dom::element value, Record& record) {
    record.vector.clear();
    simdjson::dom::array array;
    if (value.get(array) == simdjson::SUCCESS && append_numbers(array, record.vector)) return true;
    return bad(record, ErrorCode::kInvalidArgument,
               "the vector is not an array of numbers that float32 holds");
  }

  std::size_t column_of(std::string_view name) {
    const auto known = columns_.find(name);
    if (known != columns_.end()) return known->second;
    columns_.emplace(name, names_.size());
    names_.emplace_back(name);
    return names_.size() - 1;
  }

  std::unexpected<Error> bad(const Record& record, ErrorCode code, const std::string& what) const {
    return fail(code, join_text(text_.name(), ": line ", record.line, ": ", what));
  }

  TextReader text_;
  std::string vector_name_;
  std::string line_;
  simdjson::dom::parser parser_;
  std::vector<std::string> names_;
  std::map<std::string, std::size_t, std::less<>> columns_;
};

}  // namespace

Result<std::unique_ptr<VectorFile>> open_jsonl(const std::string& path,
                                               const OpenOptions& options) {
  SIMILE_ASSIGN(auto file, FileSource::open(path));
  FileInfo info;
  info.path = path;
  info.format = "jsonl";
  return open_records(std::make_unique<JsonlReader>(std::move(file), options.vector_column),
                      std::move(info), options);
}

}  // namespace simile::vectorfile
