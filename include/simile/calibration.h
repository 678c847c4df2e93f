#pragma once
/// Searches that ask for a recall instead of a beam width.

#include <cstdint>

#include "simile/error.h"

namespace simile {

/// What a graph has measured of itself: the share of the k nearest that a beam of this width finds,
/// less the standard error.
struct CalibrationPoint {
  std::uint32_t k = 0;
  std::uint32_t effort = 0;
  float recall = 0;

  friend bool operator==(const CalibrationPoint&, const CalibrationPoint&) = default;
};

/// A recall asked for is in [0, 1]; 0 asks for none.
Status check_recall(float recall);

}  // namespace simile
