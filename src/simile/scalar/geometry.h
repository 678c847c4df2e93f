#pragma once
/// Geometries, which are texts (WKT: "POINT (1 2)"), and how they lie to each other. What knows
/// them is the module libsimile_geometry.so (GEOS).

#include <cstdint>
#include <memory>
#include <string_view>

#include "simile/error.h"

namespace simile::scalar {

/// How a geometry lies to another one, by the rules of OGC's simple features.
enum class SpatialRelation : std::uint8_t {
  kEquals,
  kTouches,
  kOverlaps,
  kCrosses,
  kContains,
  kIntersects,
  kWithin,
  kDistance,  ///< at most so many meters from a point; coordinates are longitude and latitude
  kValid,     ///< a geometry by itself: no ring that crosses itself, for example
};

/// One relation to one geometry. Thread rule: any thread.
class SpatialTest {
 public:
  virtual ~SpatialTest() = default;
  /// False where the text is no geometry.
  virtual bool matches(std::string_view text) const = 0;
};

struct SpatialQuery {
  SpatialRelation relation = SpatialRelation::kEquals;
  std::string_view text;  ///< the other geometry; not of kValid
  double meters = 0;      ///< of kDistance
};

/// Thread rule: any thread.
class GeometryTools {
 public:
  virtual ~GeometryTools() = default;
  /// kInvalidArgument where the text is no geometry, or for kDistance no point.
  virtual Result<std::unique_ptr<SpatialTest>> make_test(const SpatialQuery& query) const = 0;
  /// kInvalidArgument where the text is no geometry.
  virtual Status check(std::string_view text) const = 0;
};

/// Loaded once; kUnimplemented says what to install.
Result<const GeometryTools*> geometry_tools();

}  // namespace simile::scalar
