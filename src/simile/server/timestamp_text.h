#pragma once
/// Timestamps of Milvus' type Timestamptz: texts of ISO 8601 on the wire, microseconds since 1970
/// in UTC in the engine, so that they sort and compare as the moments they are.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simile::server {

/// "2025-01-31T08:30:00.5+08:00", "2025-01-31 08:30:00Z", "2025-01-31"; without a zone it is UTC.
/// Nothing where the text is none of these or names no moment of the years 1 to 9999.
std::optional<std::int64_t> parse_timestamp(std::string_view text);

/// In UTC, "2025-01-31T00:30:00.5Z"; a fraction only where there is one.
std::string timestamp_text(std::int64_t microseconds);

}  // namespace simile::server
