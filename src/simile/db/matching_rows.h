#pragma once

#include <cstdint>

#include "simile/base/bitmap.h"
#include "simile/db/view.h"
#include "simile/error.h"
#include "simile/scalar/filter.h"

namespace simile::db {

/// The rows in sight for which the filter is true.
Result<Bitmap> matching_rows(const SegmentView& view, const scalar::Filter& filter);

}  // namespace simile::db
