#pragma once
/// random_sample() of a filter: a share of the rows that fit, drawn by chance.

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "simile/base/bitmap.h"
#include "simile/base/random.h"

namespace simile::scalar::filter {

/// Draws from one set of rows after the other (the segments of a collection) so that of all rows
/// together the share is kept, rounded down, but one row at least. For any number of threads.
class RowSampler {
 public:
  RowSampler(double share, std::uint64_t seed) : share_(share), random_(seed) {}

  /// Takes the rows out of the set that were not drawn.
  void draw(Bitmap& rows);

 private:
  const double share_;
  std::mutex mutex_;
  Random random_;
  std::uint64_t seen_ = 0;
  std::uint64_t drawn_ = 0;
};

}  // namespace simile::scalar::filter
