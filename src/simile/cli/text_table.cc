#include "simile/cli/text_table.h"

#include <algorithm>

#include "simile/base/check.h"
#include "simile/cli/text_format.h"

namespace simile::cli {

void TextTable::column(std::string heading, Align align) {
  SIMILE_CHECK(rows_.empty());
  columns_.push_back({std::move(heading), align});
}

void TextTable::row(std::vector<std::string> cells) {
  SIMILE_CHECK(cells.size() == columns_.size());
  for (std::string& cell : cells) cell = safe_text(cell);
  rows_.push_back(std::move(cells));
}

std::string TextTable::text(std::size_t cell_columns_max) const {
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : columns_) lines[0].push_back(column.heading);
  std::vector<std::size_t> widths(columns_.size());
  for (const auto& row : rows_) {
    auto& line = lines.emplace_back();
    for (const std::string& cell : row) line.push_back(shortened(cell, cell_columns_max));
  }
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(line[i]));
    }
  }
  std::string text;
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string padding(widths[i] - display_width(line[i]), ' ');
      const bool last = i + 1 == line.size();
      text += columns_[i].align == Align::kRight ? padding + line[i] : line[i];
      if (columns_[i].align == Align::kLeft && !last) text += padding;
      text += last ? "\n" : "  ";
    }
  }
  return text;
}

}  // namespace simile::cli
