#include "simile/server/time_zone.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "simile/base/text.h"
#include "simile/base/timestamp.h"
#include "simile/scalar/filter/lexer.h"

namespace simile::server {

namespace {

constexpr std::string_view kDatabase = "/usr/share/zoneinfo/";

/// A name becomes a path, and the library remembers every name that it was asked for: so only names
/// of files of the database get there.
bool is_known(std::string_view name) {
  constexpr std::size_t kLengthMax = 64;
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+';
  };
  if (name.size() > kLengthMax || name.front() == '/' || !std::ranges::all_of(name, fits)) {
    return false;
  }
  std::error_code ignored;
  return std::filesystem::is_regular_file(join_text(kDatabase, name), ignored);
}

}  // namespace

Answer<TimeZone> TimeZone::find(std::string_view name) {
  TimeZone zone;
  if (name.empty() || name == "UTC" || name == "Etc/UTC" || name == "None") return zone;
  if (!is_known(name) || !absl::LoadTimeZone(std::string(name), &zone.zone_)) {
    return refuse_parameter(join_text(
        "invalid timezone name: '", name, "'; must be a valid IANA Time Zone ID (e.g., ",
        "'Asia/Shanghai' or 'UTC'), of those below ", kDatabase, " (apt install tzdata)"));
  }
  zone.utc_ = false;
  return zone;
}

std::int64_t TimeZone::east_seconds(std::int64_t microseconds) const {
  return utc_ ? 0 : zone_.At(absl::FromUnixMicros(microseconds)).offset;
}

std::string TimeZone::text(std::int64_t microseconds) const {
  return timestamp_text(microseconds, east_seconds(microseconds));
}

std::int64_t TimeZone::moment(std::int64_t shown) const {
  if (utc_) return shown;
  const absl::Time as_utc = absl::FromUnixMicros(shown);
  const absl::CivilSecond second = absl::UTCTimeZone().At(as_utc).cs;
  const absl::Duration rest = as_utc - absl::FromCivil(second, absl::UTCTimeZone());
  return absl::ToUnixMicros(zone_.At(second).pre + rest);
}

std::string TimeZone::in_filter(const std::string& expression) const {
  if (utc_) return expression;
  std::string zoned;
  std::size_t copied = 0;
  scalar::filter::Lexer lexer(expression);
  bool opened = false;  // the word before is ISO
  while (true) {
    const auto token = lexer.next();
    // What is wrong with the text is told where it is compiled.
    if (!token || token->kind == scalar::filter::TokenKind::kEnd) break;
    if (opened && token->kind == scalar::filter::TokenKind::kString) {
      const auto moment = parse_moment(token->string);
      if (moment && !moment->has_zone) {
        zoned.append(expression, copied, token->at - copied);
        zoned += join_text("'", text(this->moment(moment->microseconds)), "'");
        copied = token->at + token->text.size();
      }
    }
    opened = token->kind == scalar::filter::TokenKind::kName &&
             (token->text == "ISO" || token->text == "iso");
  }
  return zoned.append(expression, copied);
}

}  // namespace simile::server
