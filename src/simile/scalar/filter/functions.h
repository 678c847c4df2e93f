#pragma once
/// The functions of the filter language, by name.

#include <algorithm>
#include <array>
#include <string_view>

#include "simile/scalar/filter/expression.h"

namespace simile::scalar::filter {

struct Function {
  std::string_view name;
  Expression::Kind kind;
  ContainsMode mode = ContainsMode::kOne;
  SpatialRelation relation = SpatialRelation::kEquals;
};

constexpr Function spatial(std::string_view name, SpatialRelation relation) {
  return {name, Expression::Kind::kSpatial, ContainsMode::kOne, relation};
}

// json_ and array_ are the same: what the operand is decides.
inline constexpr std::array kFunctions = {
    Function{"json_contains", Expression::Kind::kContains, ContainsMode::kOne},
    Function{"json_contains_all", Expression::Kind::kContains, ContainsMode::kAll},
    Function{"json_contains_any", Expression::Kind::kContains, ContainsMode::kAny},
    Function{"array_contains", Expression::Kind::kContains, ContainsMode::kOne},
    Function{"array_contains_all", Expression::Kind::kContains, ContainsMode::kAll},
    Function{"array_contains_any", Expression::Kind::kContains, ContainsMode::kAny},
    Function{"array_length", Expression::Kind::kLength},
    Function{"text_match", Expression::Kind::kText},
    Function{"phrase_match", Expression::Kind::kPhrase},
    Function{"random_sample", Expression::Kind::kSample},
    spatial("st_equals", SpatialRelation::kEquals),
    spatial("st_touches", SpatialRelation::kTouches),
    spatial("st_overlaps", SpatialRelation::kOverlaps),
    spatial("st_crosses", SpatialRelation::kCrosses),
    spatial("st_contains", SpatialRelation::kContains),
    spatial("st_intersects", SpatialRelation::kIntersects),
    spatial("st_within", SpatialRelation::kWithin),
    spatial("st_dwithin", SpatialRelation::kDistance),
    spatial("st_isvalid", SpatialRelation::kValid)};

/// Upper and lower case are the same; null where there is none of that name.
inline const Function* find_function(std::string_view name) {
  const auto same = [name](const Function& function) {
    return std::ranges::equal(name, function.name,
                              [](char a, char b) { return (a | 0x20) == (b | 0x20); });
  };
  const auto found = std::ranges::find_if(kFunctions, same);
  return found == kFunctions.end() ? nullptr : &*found;
}

}  // namespace simile::scalar::filter
