#pragma once
/// Structured log: one JSON object a line on stderr.

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace simile::server {

enum class LogLevel : unsigned char { kDebug, kInfo, kWarning, kError };

/// What is below is not written. Set once, before there are other threads.
void set_log_level(std::string_view name);
bool is_logged(LogLevel level);

/// Writes `event` with the time and `fields`, an object. Any thread.
void log_event(LogLevel level, std::string_view event, const nlohmann::ordered_json& fields);

}  // namespace simile::server
