#pragma once
/// Moments as texts of ISO 8601 and as microseconds since 1970 in UTC, which sort and compare as
/// the moments they are; and lengths of time.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simile {

struct Moment {
  std::int64_t microseconds = 0;
  bool has_zone = false;  ///< else it is what a clock shows somewhere, here taken for UTC
};

/// "2025-01-31T08:30:00.5+08:00", "2025-01-31 08:30:00Z", "2025-01-31". Nothing where the text is
/// none of these or names no moment of the years 0 to 9999.
std::optional<Moment> parse_moment(std::string_view text);
/// The same; without a zone it is UTC.
std::optional<std::int64_t> parse_timestamp(std::string_view text);

/// "P1DT2H30M", "P2W", "PT0.5S" in microseconds: weeks, days, hours, minutes, seconds in this
/// order. Nothing for years and months, whose length differs, and for what is none of this.
std::optional<std::int64_t> parse_duration(std::string_view text);

/// In UTC, "2025-01-31T00:30:00.5Z"; a fraction only where there is one.
std::string timestamp_text(std::int64_t microseconds);
/// What a clock so many seconds east of UTC shows, "2025-01-31T08:30:00+08:00"; Z for 0.
std::string timestamp_text(std::int64_t microseconds, std::int64_t east_seconds);

/// A moment taken apart, on the clock of UTC.
struct ClockTime {
  std::int64_t year, month, day, hour, minute, second, microsecond;
};
ClockTime clock_time(std::int64_t microseconds);

}  // namespace simile
