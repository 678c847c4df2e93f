#pragma once
/// Moments as texts of ISO 8601 and as microseconds since 1970 in UTC, which sort and compare as
/// the moments they are; and lengths of time.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simile {

/// "2025-01-31T08:30:00.5+08:00", "2025-01-31 08:30:00Z", "2025-01-31"; without a zone it is UTC.
/// Nothing where the text is none of these or names no moment of the years 1 to 9999.
std::optional<std::int64_t> parse_timestamp(std::string_view text);

/// "P1DT2H30M", "P2W", "PT0.5S" in microseconds: weeks, days, hours, minutes, seconds in this
/// order. Nothing for years and months, whose length differs, and for what is none of this.
std::optional<std::int64_t> parse_duration(std::string_view text);

/// In UTC, "2025-01-31T00:30:00.5Z"; a fraction only where there is one.
std::string timestamp_text(std::int64_t microseconds);

}  // namespace simile
