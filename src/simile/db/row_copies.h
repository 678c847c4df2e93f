#pragma once
/// Columns that a batch needs and that its writer did not give.

#include <deque>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "simile/batch.h"
#include "simile/segment/growing_segment.h"

namespace simile::db {

/// A column as a batch takes it. Borrows from `column` and from `texts`.
ColumnView view_of(const Column& column, std::vector<std::string_view>& texts);

/// A batch with columns of its own beside borrowed ones.
class CompletedRows {
 public:
  explicit CompletedRows(const Batch& given) : batch_(given) {}
  CompletedRows(const CompletedRows&) = delete;
  CompletedRows& operator=(const CompletedRows&) = delete;

  void add(Column column) {
    columns_.push_back(std::move(column));
    batch_.columns.push_back(view_of(columns_.back(), texts_.emplace_back()));
  }
  /// In the place of one that was given.
  void replace(Column column);
  /// Borrows from this object.
  const Batch& batch() const { return batch_; }

 private:
  std::deque<Column> columns_;
  std::deque<std::vector<std::string_view>> texts_;
  Batch batch_;
};

/// The rows of a growing segment, as a batch.
std::unique_ptr<CompletedRows> copy_rows(const segment::GrowingSegment& segment);

}  // namespace simile::db
