#include "simile/server/log.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>

#include "simile/base/text.h"

namespace simile::server {

namespace {

constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};
LogLevel lowest = LogLevel::kInfo;

/// "2026-01-31T12:00:00.123Z".
std::string time_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const std::time_t seconds = millis / 1'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  const std::string fraction = std::to_string(millis % 1'000 + 1'000).substr(1);
  return join_text(std::string_view(text, length), ".", fraction, "Z");
}

}  // namespace

void set_log_level(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) lowest = static_cast<LogLevel>(i);
  }
}

bool is_logged(LogLevel level) { return level >= lowest; }

void log_event(LogLevel level, std::string_view event, const nlohmann::ordered_json& fields) {
  if (!is_logged(level)) return;
  nlohmann::ordered_json line = {
      {"time", time_now()}, {"level", kNames[static_cast<std::size_t>(level)]}, {"event", event}};
  line.update(fields);
  using Handler = nlohmann::ordered_json::error_handler_t;
  const std::string text = line.dump(-1, ' ', false, Handler::replace) + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);  // one write, so that lines do not mix
}

}  // namespace simile::server
