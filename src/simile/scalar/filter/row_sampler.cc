#include "simile/scalar/filter/row_sampler.h"

#include <algorithm>

namespace simile::scalar::filter {

void RowSampler::draw(Bitmap& rows) {
  const std::uint64_t count = rows.count();
  if (count == 0) return;
  const std::lock_guard lock(mutex_);
  seen_ += count;
  const auto due = static_cast<std::uint64_t>(static_cast<double>(seen_) * share_);
  std::uint64_t wanted = std::min(std::max<std::uint64_t>(due, 1) - drawn_, count);
  drawn_ += wanted;
  std::uint64_t left = count;
  Bitmap drawn(rows.size());
  // Each row with the probability that makes every choice of so many rows equally likely.
  rows.for_each([&](std::size_t row) {
    if (random_.below(left--) >= wanted) return;
    drawn.set(row);
    --wanted;
  });
  rows = std::move(drawn);
}

}  // namespace simile::scalar::filter
