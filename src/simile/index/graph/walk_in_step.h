#pragma once
/// Many walks in one thread, several at once in step (see FusedStep in node_walk.h).

#include <array>
#include <cstddef>
#include <limits>
#include <vector>

namespace simile::index {

/// Calls begin(i, lane, step) for each i in [0, count), ascending, which begins a walk, and
/// finish(i, lane) once it has come to its end; walks of different lanes are under way at the same
/// time. `make_step(lane)` gives the step of each of Step::kWalks lanes.
template <class Step, class MakeStep, class Begin, class Finish>
void walk_in_step(std::size_t count, const MakeStep& make_step, const Begin& begin,
                  const Finish& finish) {
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  std::vector<Step> steps;
  steps.reserve(Step::kWalks);
  for (std::size_t lane = 0; lane < Step::kWalks; ++lane) steps.push_back(make_step(lane));
  std::array<std::size_t, Step::kWalks> walks;
  walks.fill(kNone);
  std::size_t next = 0;
  const auto take = [&](std::size_t lane) {
    while (walks[lane] == kNone || !steps[lane].take()) {
      if (walks[lane] != kNone) finish(walks[lane], lane);
      walks[lane] = kNone;
      if (next == count) return false;
      walks[lane] = next++;
      begin(walks[lane], lane, steps[lane]);
    }
    return true;
  };
  // Two halves take turns: while one expands, the rows of the other are on their way.
  constexpr std::size_t kHalf = Step::kWalks / 2;
  for (std::size_t first = 0, quiet = 0; quiet < 2; first = kHalf - first) {
    std::size_t taken = 0;
    for (std::size_t lane = first; lane < first + kHalf; ++lane) taken += take(lane);
    quiet = taken == 0 ? quiet + 1 : 0;
    for (std::size_t i = 0; i < kHalf; ++i) steps[kHalf - first + i].expand(steps[first + i]);
  }
}

}  // namespace simile::index
