#pragma once
/// Time zones of the IANA database ("Asia/Shanghai"): what clocks there show, and what a text
/// without a zone means there.

#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "simile/server/fault.h"

namespace simile::server {

/// The property of databases and collections, and the parameter of searches and queries.
inline constexpr std::string_view kTimeZoneProperty = "timezone";

class TimeZone {
 public:
  /// UTC.
  TimeZone() = default;
  /// An empty name is UTC. Refuses what this machine's database does not have.
  static Answer<TimeZone> find(std::string_view name);

  bool is_utc() const { return utc_; }
  /// What clocks show, with the distance from UTC: "2025-01-31T08:30:00+08:00".
  std::string text(std::int64_t microseconds) const;
  /// Seconds that clocks are ahead of UTC at this moment.
  std::int64_t east_seconds(std::int64_t microseconds) const;
  /// The moment at which clocks show this time, which is given as if it were UTC. Of a time that
  /// clocks show twice it is the first; one that they skip is told by the clock of before.
  std::int64_t moment(std::int64_t shown) const;
  /// Moments of a filter (ISO '...') that name no zone get this one.
  std::string in_filter(const std::string& expression) const;

 private:
  absl::TimeZone zone_ = absl::UTCTimeZone();
  bool utc_ = true;
};

}  // namespace simile::server
