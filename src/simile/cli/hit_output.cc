// Where fewer than k hits are there, .npy and .ivecs hold id -1 and distance NaN, as simile::Index
// does; .jsonl, .csv and the terminal hold fewer.

#include "simile/cli/hit_output.h"

#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/cli/row_values.h"
#include "simile/cli/text_format.h"
#include "simile/cli/text_table.h"
#include "simile/vectorfile/array_writer.h"

namespace simile::cli {

namespace {

using vectorfile::ArrayWriter;

Json json_hits(const SearchResult& result, std::size_t query, std::uint64_t number) {
  Json hits = Json::array();
  for (std::uint64_t hit = result.offsets[query]; hit < result.offsets[query + 1]; ++hit) {
    hits.push_back(json_hit(result, static_cast<std::size_t>(hit)));
  }
  return Json{{"query", number}, {"hits", std::move(hits)}};
}

std::size_t queries_of(const SearchResult& result) { return result.offsets.size() - 1; }

/// One table for each query, or one JSON object.
class TerminalOutput final : public HitOutput {
 public:
  explicit TerminalOutput(Console& console) : console_(console) {}

  Status add(const SearchResult& result, std::uint64_t first_query) override {
    for (std::size_t query = 0; query < queries_of(result); ++query) {
      if (console_.json()) {
        console_.result(json_hits(result, query, first_query + query));
      } else {
        console_.text(
            join_text("query ", first_query + query, "\n", table(result, query).text(60)));
      }
    }
    return {};
  }
  Status finish() override { return {}; }

 private:
  static TextTable table(const SearchResult& result, std::size_t query) {
    TextTable table;
    table.column("rank", TextTable::Align::kRight);
    table.column("distance", TextTable::Align::kRight);
    for (const Column& column : result.rows.columns) table.column(column.field);
    for (std::uint64_t hit = result.offsets[query]; hit < result.offsets[query + 1]; ++hit) {
      const auto row = static_cast<std::size_t>(hit);
      std::vector<std::string> cells = {join_text(hit - result.offsets[query] + 1),
                                        short_number(result.distances[row])};
      for (const Column& column : result.rows.columns) cells.push_back(text_value(column, row));
      table.row(std::move(cells));
    }
    return table;
  }

  Console& console_;
};

/// Ids and distances as arrays of k columns.
class ArrayOutput final : public HitOutput {
 public:
  ArrayOutput(std::unique_ptr<ArrayWriter> ids, std::unique_ptr<ArrayWriter> distances,
              std::uint32_t k)
      : ids_(std::move(ids)), distances_(std::move(distances)), id_row_(k), distance_row_(k) {}

  Status add(const SearchResult& result, std::uint64_t) override {
    for (std::size_t query = 0; query < queries_of(result); ++query) {
      const auto first = static_cast<std::size_t>(result.offsets[query]);
      const auto hits = static_cast<std::size_t>(result.offsets[query + 1]) - first;
      for (std::size_t i = 0; i < id_row_.size(); ++i) {
        const bool there = i < hits;
        distance_row_[i] = there ? result.distances[first + i] : std::nanf("");
        if (ids_) {
          id_row_[i] = there ? result.rows.columns[0].values<std::int64_t>()[first + i] : -1;
        }
      }
      if (ids_) SIMILE_TRY(ids_->append(id_row_));
      if (distances_) SIMILE_TRY(distances_->append(distance_row_));
    }
    return {};
  }
  Status finish() override {
    if (ids_) SIMILE_TRY(ids_->finish());
    if (distances_) SIMILE_TRY(distances_->finish());
    return {};
  }

 private:
  std::unique_ptr<ArrayWriter> ids_;
  std::unique_ptr<ArrayWriter> distances_;
  std::vector<std::int64_t> id_row_;
  std::vector<float> distance_row_;
};

/// Lines of a text file that gets its name when it is whole.
class TextOutput final : public HitOutput {
 public:
  TextOutput(std::string path, std::string partial_path, std::FILE* file)
      : path_(std::move(path)),
        partial_path_(std::move(partial_path)),
        file_(file),
        csv_(path_.ends_with(".csv")) {}
  ~TextOutput() override {
    if (file_ == nullptr) return;
    std::fclose(file_);
    std::remove(partial_path_.c_str());
  }
  TextOutput(const TextOutput&) = delete;
  TextOutput& operator=(const TextOutput&) = delete;

  Status add(const SearchResult& result, std::uint64_t first_query) override {
    std::string lines;
    if (csv_ && first_query == 0) lines = csv_header(result);
    for (std::size_t query = 0; query < queries_of(result); ++query) {
      const std::uint64_t number = first_query + query;
      lines += csv_ ? csv_lines(result, query, number)
                    : json_hits(result, query, number)
                              .dump(-1, ' ', false, Json::error_handler_t::replace) +
                          "\n";
    }
    if (std::fwrite(lines.data(), 1, lines.size(), file_) != lines.size()) return failed();
    return {};
  }

  Status finish() override {
    std::FILE* file = std::exchange(file_, nullptr);
    if (std::fclose(file) == 0 && std::rename(partial_path_.c_str(), path_.c_str()) == 0) return {};
    const auto error = failed();
    std::remove(partial_path_.c_str());
    return error;
  }

 private:
  std::unexpected<Error> failed() const {
    return fail(errno == ENOSPC ? ErrorCode::kResourceExhausted : ErrorCode::kUnknown,
                join_text(path_, ": cannot be written: ", std::strerror(errno)));
  }

  static std::string quoted(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + "\"";
  }
  static std::string csv_header(const SearchResult& result) {
    std::string line = "query,rank,distance";
    for (const Column& column : result.rows.columns) line += "," + column.field;
    return line + "\n";
  }
  static std::string csv_lines(const SearchResult& result, std::size_t query,
                               std::uint64_t number) {
    std::string lines;
    for (std::uint64_t hit = result.offsets[query]; hit < result.offsets[query + 1]; ++hit) {
      const auto row = static_cast<std::size_t>(hit);
      lines += join_text(number, ",", hit - result.offsets[query] + 1, ",", result.distances[row]);
      for (const Column& column : result.rows.columns) {
        const Json value = json_value(column, row);
        lines += ",";
        if (value.is_string()) {
          lines += quoted(value.get<std::string>());
        } else if (!value.is_null()) {
          lines += quoted(value.dump(-1, ' ', false, Json::error_handler_t::replace));
        }
      }
      lines += "\n";
    }
    return lines;
  }

  std::string path_;
  std::string partial_path_;
  std::FILE* file_;
  bool csv_;
};

Result<std::unique_ptr<HitOutput>> open_text(const std::string& path) {
  std::string partial_path = join_text(path, ".", ::getpid(), ".partial");
  std::FILE* file = std::fopen(partial_path.c_str(), "wbe");
  if (file == nullptr) {
    return fail(ErrorCode::kPermissionDenied,
                join_text(path, ": cannot be written: ", std::strerror(errno)));
  }
  return std::make_unique<TextOutput>(path, std::move(partial_path), file);
}

Result<std::unique_ptr<HitOutput>> open_arrays(const HitOutputOptions& options) {
  if (!options.path.empty() && !options.integer_keys) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(options.path,
                          ": holds integers, and the keys are strings; write .jsonl "
                          "or .csv"));
  }
  std::unique_ptr<ArrayWriter> ids;
  std::unique_ptr<ArrayWriter> distances;
  if (!options.path.empty()) {
    SIMILE_ASSIGN(ids, ArrayWriter::create(options.path, ArrayWriter::Type::kInt64, options.k));
  }
  if (!options.distances_path.empty()) {
    SIMILE_ASSIGN(distances, ArrayWriter::create(options.distances_path,
                                                 ArrayWriter::Type::kFloat32, options.k));
  }
  return std::make_unique<ArrayOutput>(std::move(ids), std::move(distances), options.k);
}

}  // namespace

Result<std::unique_ptr<HitOutput>> HitOutput::open(const HitOutputOptions& options,
                                                   Console& console) {
  const bool text = options.path.ends_with(".jsonl") || options.path.ends_with(".csv");
  if (text && options.distances_path.empty()) return open_text(options.path);
  if (text) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(options.path, ": holds the distances already; leave --distances out"));
  }
  if (options.path.empty() && options.distances_path.empty()) {
    return std::make_unique<TerminalOutput>(console);
  }
  if (options.path.empty() || options.path.ends_with(".npy") || options.path.ends_with(".ivecs")) {
    return open_arrays(options);
  }
  return fail(ErrorCode::kInvalidArgument,
              join_text(options.path, ": results are written as .npy, .ivecs, .jsonl or .csv"));
}

Json json_hit(const SearchResult& result, std::size_t hit) {
  Json object = Json::object();
  for (std::size_t i = 0; i < result.rows.columns.size(); ++i) {
    const Column& column = result.rows.columns[i];
    object[column.field] = json_value(column, hit);
    if (i == 0) object["distance"] = json_float(result.distances[hit]);
  }
  return object;
}

}  // namespace simile::cli
