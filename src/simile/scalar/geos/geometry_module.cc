/// libsimile_geometry.so: geometries by GEOS.
///
/// A context of GEOS, and what was made in it, belong to one thread at a time: a test keeps those
/// that no thread uses just now.

#include <geos_c.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <numbers>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "simile/base/module.h"
#include "simile/base/text.h"
#include "simile/scalar/geometry.h"

namespace simile::scalar {
namespace {

/// GEOS reads collections in collections by recursion.
constexpr int kNestingMax = 32;

bool is_too_deep(std::string_view text) {
  int level = 0;
  for (const char c : text) {
    if (c == '(' && ++level > kNestingMax) return true;
    if (c == ')') --level;
  }
  return false;
}

class Context {
 public:
  Context() : handle_(GEOS_init_r()), reader_(GEOSWKTReader_create_r(handle_)) {
    GEOSContext_setErrorMessageHandler_r(handle_, keep_message, this);
  }
  ~Context() {
    GEOSWKTReader_destroy_r(handle_, reader_);
    GEOS_finish_r(handle_);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  GEOSContextHandle_t handle() const { return handle_; }
  const std::string& message() const { return message_; }

  auto read(std::string_view text) {
    const auto destroy = [handle = handle_](GEOSGeometry* geometry) {
      GEOSGeom_destroy_r(handle, geometry);
    };
    message_ = "nested too deep, or with a zero in it";
    GEOSGeometry* made = nullptr;
    if (!is_too_deep(text) && !text.contains('\0')) {
      text_.assign(text);
      made = GEOSWKTReader_read_r(handle_, reader_, text_.c_str());
    }
    return std::unique_ptr<GEOSGeometry, decltype(destroy)>(made, destroy);
  }

 private:
  static void keep_message(const char* message, void* context) {
    static_cast<Context*>(context)->message_ = message;
  }

  GEOSContextHandle_t handle_;
  GEOSWKTReader* reader_;
  std::string text_;  // ends with a zero, which the reader wants
  std::string message_;
};

using Geometry = decltype(std::declval<Context>().read(""));

struct Place {
  double x = 0;
  double y = 0;
};

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

/// Of longitudes and latitudes, on a sphere.
double meters_between(Place a, Place b) {
  constexpr double kEarthRadius = 6'371'000;
  const double high = std::sin(radians(b.y - a.y) / 2);
  const double wide = std::sin(radians(b.x - a.x) / 2);
  const double all = high * high + std::cos(radians(a.y)) * std::cos(radians(b.y)) * wide * wide;
  const double part = std::clamp(all, 0.0, 1.0);  // rounding takes it past both
  return kEarthRadius * 2 * std::atan2(std::sqrt(part), std::sqrt(1 - part));
}

/// Roughly, of a distance in degrees near a latitude.
double meters_of(double degrees, double latitude) {
  constexpr double kMetersOfDegree = 111'320;
  const double narrowed = std::cos(radians(latitude));
  return degrees * kMetersOfDegree * std::sqrt((1 + narrowed * narrowed) / 2);
}

/// The other geometry in a context, which one thread uses.
class Worker {
 public:
  explicit Worker(const SpatialQuery& query)
      : relation_(query.relation),
        meters_(query.meters),
        other_(
            context_.read(query.relation == SpatialRelation::kValid ? "POINT EMPTY" : query.text)) {
    if (other_ != nullptr) prepared_ = GEOSPrepare_r(context_.handle(), other_.get());
  }
  ~Worker() {
    if (prepared_ != nullptr) GEOSPreparedGeom_destroy_r(context_.handle(), prepared_);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// What is wrong with the other geometry, or nothing.
  std::string fault() const {
    if (other_ == nullptr || prepared_ == nullptr) return context_.message();
    if (relation_ != SpatialRelation::kDistance) return "";
    return place_of(other_.get()) ? "" : "distances are measured from a POINT";
  }

  bool matches(std::string_view text) {
    const Geometry geometry = context_.read(text);
    if (geometry == nullptr) return false;
    GEOSContextHandle_t handle = context_.handle();
    const GEOSGeometry* row = geometry.get();
    switch (relation_) {
      case SpatialRelation::kEquals: return GEOSEquals_r(handle, row, other_.get()) == 1;
      case SpatialRelation::kTouches: return GEOSPreparedTouches_r(handle, prepared_, row) == 1;
      case SpatialRelation::kOverlaps: return GEOSPreparedOverlaps_r(handle, prepared_, row) == 1;
      case SpatialRelation::kCrosses: return GEOSPreparedCrosses_r(handle, prepared_, row) == 1;
      // The other one is prepared, so that it is asked.
      case SpatialRelation::kContains: return GEOSPreparedWithin_r(handle, prepared_, row) == 1;
      case SpatialRelation::kWithin: return GEOSPreparedContains_r(handle, prepared_, row) == 1;
      case SpatialRelation::kIntersects:
        return GEOSPreparedIntersects_r(handle, prepared_, row) == 1;
      case SpatialRelation::kDistance: return is_near(row);
      case SpatialRelation::kValid: return GEOSisValid_r(handle, row) == 1;
    }
    return false;
  }

 private:
  std::optional<Place> place_of(const GEOSGeometry* geometry) const {
    GEOSContextHandle_t handle = context_.handle();
    Place place;
    const bool point = GEOSGeomTypeId_r(handle, geometry) == GEOS_POINT &&
                       GEOSisEmpty_r(handle, geometry) == 0 &&
                       GEOSGeomGetX_r(handle, geometry, &place.x) == 1 &&
                       GEOSGeomGetY_r(handle, geometry, &place.y) == 1;
    return point ? std::optional(place) : std::nullopt;
  }

  bool is_near(const GEOSGeometry* row) const {
    const auto center = place_of(other_.get());
    if (const auto place = place_of(row)) return meters_between(*place, *center) <= meters_;
    double degrees = 0;
    if (GEOSisEmpty_r(context_.handle(), row) != 0 ||
        GEOSDistance_r(context_.handle(), row, other_.get(), &degrees) != 1) {
      return false;
    }
    return meters_of(degrees, center->y) <= meters_;
  }

  Context context_;
  const SpatialRelation relation_;
  const double meters_;
  const Geometry other_;
  const GEOSPreparedGeometry* prepared_ = nullptr;
};

class GeosTest final : public SpatialTest {
 public:
  GeosTest(const SpatialQuery& query, std::unique_ptr<Worker> first)
      : text_(query.text), query_(query) {
    query_.text = text_;
    idle_.push_back(std::move(first));
  }

  bool matches(std::string_view text) const override {
    std::unique_ptr<Worker> worker = take();
    const bool matched = worker->matches(text);
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(worker));
    return matched;
  }

 private:
  std::unique_ptr<Worker> take() const {
    {
      const std::scoped_lock lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Worker> worker = std::move(idle_.back());
        idle_.pop_back();
        return worker;
      }
    }
    return std::make_unique<Worker>(query_);
  }

  const std::string text_;
  SpatialQuery query_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Worker>> idle_;
};

class GeosTools final : public GeometryTools {
 public:
  Result<std::unique_ptr<SpatialTest>> make_test(const SpatialQuery& query) const override {
    auto worker = std::make_unique<Worker>(query);
    if (const std::string fault = worker->fault(); !fault.empty()) return refuse(query.text, fault);
    return std::make_unique<GeosTest>(query, std::move(worker));
  }

  Status check(std::string_view text) const override {
    thread_local Context context;
    if (context.read(text) != nullptr) return {};
    return refuse(text, context.message());
  }

 private:
  static std::unexpected<Error> refuse(std::string_view text, std::string_view fault) {
    constexpr std::size_t kShown = 100;
    return fail(ErrorCode::kInvalidArgument,
                join_text("syntax error: '", text.substr(0, kShown), "' is no geometry (", fault,
                          "); write WKT, POINT (1 2) for example"));
  }
};

}  // namespace
}  // namespace simile::scalar

extern "C" __attribute__((visibility("default"))) simile::ModuleEntry simile_module() {
  static const simile::scalar::GeosTools tools;
  const simile::scalar::GeometryTools* object = &tools;
  return {.version = SIMILE_VERSION, .object = object};
}
