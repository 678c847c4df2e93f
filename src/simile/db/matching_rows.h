#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "simile/base/bitmap.h"
#include "simile/db/view.h"
#include "simile/error.h"
#include "simile/filter.h"
#include "simile/scalar/filter.h"

namespace simile::db {

/// kNotFound where there is no such partition; else as Filter::compile().
Result<scalar::Filter> compile_filter(const RowFilter& filter, const CollectionView& view);
Result<scalar::Filter> compile_filter(std::string_view where, const FilterValues& values,
                                      const std::vector<std::string>& partitions,
                                      const CollectionView& view, const CancelToken* cancel);

/// The rows in sight for which the filter is true; `usage` is told how they were found.
Result<Bitmap> matching_rows(const SegmentView& view, const scalar::Filter& filter,
                             scalar::FilterUsage* usage = nullptr);

/// Of all rows of the segment those that are not null in a nullable vector field.
Result<Bitmap> rows_with_vector(const SegmentView& view, std::string_view field);

}  // namespace simile::db
