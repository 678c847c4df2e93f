#include "simile/vectorfile/csv_layout.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::vectorfile {

namespace {

/// "v12" is v and 12.
struct CountedName {
  std::string_view prefix;
  std::uint64_t number = 0;
};

std::optional<CountedName> split_number(std::string_view name) {
  if (name.ends_with(']')) name.remove_suffix(1);
  const std::size_t digits = name.find_last_not_of("0123456789") + 1;  // npos + 1 is 0
  CountedName split{name.substr(0, digits), 0};
  const auto [end, error] =
      std::from_chars(name.data() + digits, name.data() + name.size(), split.number);
  if (digits == name.size() || error != std::errc()) return std::nullopt;
  return split;
}

bool is_header(const std::vector<Cell>& first) {
  bool counts_up = first.size() > 1;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const std::string& text = first[i].text;
    if (!text.empty() && text.front() != '[' && !text_as_real(text)) return true;
    counts_up = counts_up && (text == join_text(i) || (i == 0 && text.empty()));
  }
  const bool counts_after_index =
      first.size() > 2 && first[0].text.empty() && first[1].text == "0" && first[2].text == "1";
  return counts_up || counts_after_index;
}

/// Step 3.
void find_run(CsvLayout& layout, const std::string& id_column) {
  const auto& names = layout.names;
  for (std::size_t first = 0; first < names.size();) {
    const auto start = split_number(names[first]);
    std::size_t count = 0;
    while (start && first + count < names.size() && names[first + count] != id_column) {
      const auto next = split_number(names[first + count]);
      if (!next || next->prefix != start->prefix || next->number != start->number + count) break;
      ++count;
    }
    if (count > layout.vector_count) {
      layout.vector_first = first;
      layout.vector_count = count;
    }
    first += std::max<std::size_t>(count, 1);
  }
}

std::vector<std::string> name_columns(const std::vector<Cell>& first, bool header,
                                      const std::string& vector_column) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const std::string& text = first[i].text;
    if (header) {
      names.push_back(i == 0 && text.empty() ? "id" : text);
    } else {
      names.push_back(text.starts_with('[') ? vector_column : join_text(i));
    }
  }
  return names;
}

}  // namespace

Result<CsvLayout> plan_csv(const std::vector<Cell>& first, const std::string& vector_column,
                           const std::string& id_column) {
  CsvLayout layout;
  layout.header = is_header(first);
  layout.names = name_columns(first, layout.header, vector_column);
  const auto list = std::ranges::find(layout.names, vector_column);
  if (list != layout.names.end()) {
    layout.vector_first = static_cast<std::size_t>(list - layout.names.begin());
    return layout;
  }
  find_run(layout, id_column);
  const bool lone =
      layout.vector_count == 1 && !layout.names[layout.vector_first].starts_with(vector_column);
  if (layout.vector_count > 0 && (!lone || layout.names.size() == 1)) return layout;
  std::string known;
  for (const std::string& name : layout.names) {
    if (known.size() < 200) known += (known.empty() ? "" : ", ") + name;
  }
  return fail(ErrorCode::kInvalidArgument,
              join_text("no vector: name a column '", vector_column, "' that holds lists, or ",
                        "neighbouring columns that count up (", vector_column, "_0, ",
                        vector_column, "_1, ...), or choose with --vector; columns: ", known));
}

char guess_separator(std::string_view start) {
  const std::string_view line = start.substr(0, start.find('\n'));
  char best = ',';
  std::ptrdiff_t most = 0;
  for (const char separator : {',', ';', '\t', '|'}) {
    bool quoted = false;
    std::ptrdiff_t count = 0;
    for (const char c : line) {
      if (c == '"') quoted = !quoted;
      if (c == separator && !quoted) ++count;
    }
    if (count > most) {
      most = count;
      best = separator;
    }
  }
  return best;
}

}  // namespace simile::vectorfile
