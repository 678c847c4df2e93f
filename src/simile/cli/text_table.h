#pragma once
/// Rows of text under headings, for people.

#include <string>
#include <vector>

namespace simile::cli {

class TextTable {
 public:
  enum class Align { kLeft, kRight };

  void column(std::string heading, Align align = Align::kLeft);
  /// As many cells as columns; they may hold anything, see safe_text().
  void row(std::vector<std::string> cells);

  std::size_t rows() const { return rows_.size(); }

  /// Headings, then rows, each ended by a newline. A cell is cut where it is wider than
  /// `cell_columns_max`.
  std::string text(std::size_t cell_columns_max = 80) const;

 private:
  struct Column {
    std::string heading;
    Align align;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace simile::cli
