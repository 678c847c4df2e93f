#pragma once
/// How much of the exact answer a search has found, and how its times are spread.

#include <cstdint>
#include <span>
#include <vector>

#include "simile/batch.h"
#include "simile/collection.h"

namespace simile::cli {

/// Share of the true k nearest that were found. A hit counts where its distance is no more than the
/// true k-th plus 1e-5 relative, so that ties count whichever row stands for them; the same key
/// twice counts once. 1 where there is nothing to find.
double recall_of(const SearchResult& exact, const SearchResult& found);

/// The value below which `share` of the values lie (nearest rank); 0 where there is none. Sorts.
double percentile(std::vector<double>& values, double share);

}  // namespace simile::cli
