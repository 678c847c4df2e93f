#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simile/batch.h"

namespace simile::pictures {

struct PictureRow {
  std::string path;
  std::string content;
  std::uint64_t bytes = 0;
  std::int64_t modified = 0;
  std::int64_t width = 0;
  std::int64_t height = 0;
};

/// Rows of a picture collection that are gathered to be written as one batch.
class PictureRows {
 public:
  explicit PictureRows(std::uint32_t dimension) : dimension_(dimension) {}

  void add(PictureRow row, std::span<const float> feature);
  std::size_t size() const { return rows_.size(); }
  const std::vector<PictureRow>& rows() const { return rows_; }
  void clear();

  /// Calls use(batch); the batch borrows from the rows and is gone afterwards.
  template <class Use>
  auto with_batch(Use&& use) const {
    const Columns columns = columns_of_rows();
    return use(batch_of(columns));
  }

 private:
  struct Columns {
    std::vector<std::string_view> paths;
    std::vector<std::string_view> contents;
    std::vector<std::int64_t> bytes;
    std::vector<std::int64_t> modified;
    std::vector<std::int64_t> widths;
    std::vector<std::int64_t> heights;
  };
  Columns columns_of_rows() const;
  Batch batch_of(const Columns& columns) const;

  std::uint32_t dimension_;
  std::vector<PictureRow> rows_;
  std::vector<float> features_;
};

}  // namespace simile::pictures
