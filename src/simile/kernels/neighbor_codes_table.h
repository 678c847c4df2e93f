#pragma once
/// One kernel of each target; neighbor_codes.h has the contract.

#include "simile/kernels/neighbor_codes.h"

namespace simile::kernels {

namespace {

/// Asks for the next of the lines, into the second-level cache: rows of codes would push the tables
/// of the query out of the first.
[[gnu::always_inline]] inline void ask_for_line(LinesAhead& ahead) {
  if (ahead.lines == 0) return;
  __builtin_prefetch(ahead.first, 0, 2);
  ahead.first = static_cast<const char*>(ahead.first) + 64;
  --ahead.lines;
}

}  // namespace

namespace scalar {
extern const NeighborCodeFunctions kNeighborCodes;
}
namespace avx2 {
extern const NeighborCodeFunctions kNeighborCodes;
}
namespace avx512 {
extern const NeighborCodeFunctions kNeighborCodes;
}
namespace neon {
extern const NeighborCodeFunctions kNeighborCodes;
}

}  // namespace simile::kernels
