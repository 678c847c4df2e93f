// A text file does not say what its columns are. So:
// 1. open reads records until it has kSampleRows of them or kSampleBytes of vectors, and keeps
// them;
// 2. dimension = that of the first; a column's type = the caller's, else what the sample fits;
// 3. next delivers the sample first, then reads on. A later record that does not fit is an error
//    that names its line, since the type of a stored column cannot change any more.

#include "simile/vectorfile/record_file.h"

#include <algorithm>
#include <deque>
#include <map>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/vectorfile/column_builder.h"
#include "simile/vectorfile/component.h"

namespace simile::vectorfile {

namespace {

constexpr std::size_t kSampleRows = 1000;
constexpr std::size_t kSampleBytes = 16 << 20;

struct Sample {
  std::deque<Record> records;
  std::vector<TypeGuess> guesses;  // as the reader's names
};

Result<Sample> read_sample(RecordReader& reader) {
  Sample sample;
  std::size_t bytes = 0;
  while (sample.records.size() < kSampleRows && bytes < kSampleBytes) {
    Record record;
    SIMILE_ASSIGN(const bool more, reader.next(record));
    if (!more) break;
    bytes += record.vector.size() * sizeof(float);
    sample.guesses.resize(reader.names().size());
    for (std::size_t i = 0; i < record.cells.size(); ++i)
      sample.guesses[i].observe(record.cells[i]);
    sample.records.push_back(std::move(record));
  }
  return sample;
}

constexpr std::size_t kSkipped = ~std::size_t{0};

/// What to make of the reader's names: `fields[i]` is that of column i, `column_of[name]` the
/// column of the reader's name, or kSkipped.
struct Layout {
  std::vector<Field> fields;
  std::map<std::string, std::size_t> column_of;
};

const Field* find_field(const std::vector<Field>& fields, const std::string& name) {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

Field guess_field(const TypeGuess& guess, const std::string& name, bool is_id) {
  Field field = guess.field(name);
  if (is_id) {
    field.nullable = false;
    if (field.type != FieldType::kInt64) field.type = FieldType::kString;
  }
  return field;
}

Result<Layout> plan_layout(const RecordReader& reader, const Sample& sample, const FileInfo& info,
                           const OpenOptions& options) {
  Layout layout;
  for (std::size_t i = 0; i < sample.guesses.size(); ++i) {
    const std::string& name = reader.names()[i];
    if (std::ranges::count(options.skip_columns, name) > 0) {
      layout.column_of[name] = kSkipped;
      continue;
    }
    const bool is_id = name == options.id_column;
    const std::string stored_name = is_id ? name : field_name(name);
    if (find_field(layout.fields, stored_name) != nullptr) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text(info.path, ": two columns would be called '", stored_name,
                            "'; rename one of them"));
    }
    const Field* known = find_field(options.fields, stored_name);
    layout.column_of[name] = layout.fields.size();
    layout.fields.push_back(known != nullptr ? *known
                                             : guess_field(sample.guesses[i], stored_name, is_id));
  }
  if (!reader.open_ended()) return layout;
  for (const Field& field : options.fields) {
    if (field.name == options.id_column || find_field(layout.fields, field.name) != nullptr)
      continue;
    layout.column_of[field.name] = layout.fields.size();
    layout.fields.push_back(field);
  }
  return layout;
}

class RecordFile final : public VectorFile {
 public:
  RecordFile(FileInfo info, std::unique_ptr<RecordReader> reader, Sample sample, Layout layout)
      : VectorFile(std::move(info)),
        reader_(std::move(reader)),
        sample_(std::move(sample)),
        layout_(std::move(layout)),
        conversion_(StoredType::kFloat32, info_.type.dim, info_.type) {}

  Status next(std::size_t rows_max, Block& block) override {
    block.first_row = done_;
    block.rows = 0;
    block.vectors.clear();
    block.columns.resize(layout_.fields.size());
    for (std::size_t i = 0; i < block.columns.size(); ++i) {
      block.columns[i] = make_column(layout_.fields[i]);
    }
    Status status;
    while (block.rows < rows_max) {
      const Result<bool> more = next_record();
      if (more && !*more) break;
      status = more ? append(block) : std::unexpected(more.error());
      if (!status) break;
    }
    if (!status) block.rows = 0;
    done_ += block.rows;
    return status;
  }

  std::uint64_t rows_estimate() const override {
    const std::uint64_t rows = done_ + sample_.records.size();
    const double share =
        static_cast<double>(reader_->bytes()) / static_cast<double>(reader_->bytes_done() + 1);
    return std::max(rows, static_cast<std::uint64_t>(static_cast<double>(rows) * share));
  }

 private:
  Result<bool> next_record() {
    if (sample_.records.empty()) return reader_->next(record_);
    record_ = std::move(sample_.records.front());
    sample_.records.pop_front();
    return true;
  }

  std::unexpected<Error> bad_record(const Error& error) const {
    return fail(error.code, join_text(info_.path, ": line ", record_.line, ": ", error.message));
  }

  Status append(Block& block) {
    if (record_.vector.size() != info_.type.dim) {
      return bad_record(
          {ErrorCode::kInvalidArgument, join_text("a vector of ", record_.vector.size(),
                                                  " components, the first has ", info_.type.dim)});
    }
    cells_.assign(layout_.fields.size(), nullptr);
    for (std::size_t i = 0; i < record_.cells.size(); ++i) {
      const auto column = layout_.column_of.find(reader_->names()[i]);
      if (column != layout_.column_of.end() && column->second == kSkipped) continue;
      if (column != layout_.column_of.end()) {
        cells_[column->second] = &record_.cells[i];
      } else if (record_.cells[i].kind != Cell::Kind::kNull) {
        return bad_record({ErrorCode::kInvalidArgument,
                           join_text("field '", reader_->names()[i], "' is not in the first ",
                                     kSampleRows, " lines; declare its type, for example --field ",
                                     reader_->names()[i], "=string")});
      }
    }
    const std::size_t bytes = block.vectors.size();
    block.vectors.resize(bytes + info_.type.bytes());
    Status converted =
        conversion_.convert(reinterpret_cast<const std::byte*>(record_.vector.data()), 1,
                            done_ + block.rows, block.vectors.data() + bytes);
    if (!converted) return bad_record(converted.error());
    const Cell null;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const Cell& cell = cells_[i] != nullptr ? *cells_[i] : null;
      Status added = append_cell(layout_.fields[i], cell, block.columns[i]);
      if (!added) return bad_record(added.error());
    }
    ++block.rows;
    return {};
  }

  std::unique_ptr<RecordReader> reader_;
  Sample sample_;
  Layout layout_;
  Conversion conversion_;
  Record record_;
  std::vector<const Cell*> cells_;
  std::uint64_t done_ = 0;
};

}  // namespace

Result<std::unique_ptr<VectorFile>> open_records(std::unique_ptr<RecordReader> reader,
                                                 FileInfo info, const OpenOptions& options) {
  SIMILE_ASSIGN(Sample sample, read_sample(*reader));
  if (sample.records.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(info.path, ": holds no vector, so its dimension is not known"));
  }
  auto type =
      delivered_type(StoredType::kFloat32, sample.records.front().vector.size(), options.element);
  if (!type) return fail(type.error().code, join_text(info.path, ": ", type.error().message));
  info.type = *type;
  info.stored_type = "text";
  SIMILE_ASSIGN(Layout layout, plan_layout(*reader, sample, info, options));
  info.columns = layout.fields;
  return std::make_unique<RecordFile>(std::move(info), std::move(reader), std::move(sample),
                                      std::move(layout));
}

std::string field_name(const std::string& name) {
  std::string result;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    if (digit && result.empty()) result += '_';
    result += letter || digit ? c : '_';
  }
  return result.empty() ? "_" : result;
}

}  // namespace simile::vectorfile
